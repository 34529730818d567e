import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { neverAborted } from '../../src/base/index.ts';
import { openManager } from '../../src/compute/index.ts';
import type { ComputeManager, OpenManagerOptions } from '../../src/compute/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import type { Settings } from '../../src/config/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import type { RequestContext } from '../../src/virt/index.ts';
import { quickPolicies as cinderPolicies } from './cinder-policies.ts';

/** Waits that no test should feel. */
export const quickPolicies: OpenManagerOptions['policies'] = {
  lifecycle: { timeoutMs: 10_000, poll: { minDelayMs: 1, maxDelayMs: 20 }, settleMs: 0 },
  fulfilment: { discoveries: 2, minDelayMs: 1, maxDelayMs: 5, timeoutMs: 10_000 },
  undo: { retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 5, factor: 2, budgetMs: 5_000 }, timeoutMs: 10_000 },
  hmc: {
    policies: {
      read: { attempts: 4, firstDelayMs: 1, maxDelayMs: 2, factor: 1, budgetMs: 5_000 },
      write: { attempts: 4, firstDelayMs: 1, maxDelayMs: 2, factor: 1, budgetMs: 5_000 },
      reconcile: { attempts: 3, firstDelayMs: 1, maxDelayMs: 2, factor: 1, budgetMs: 5_000 },
      poll: { minDelayMs: 1, maxDelayMs: 5 },
    },
  },
};

/** Cinder's repeats without their delays. */
export const quickCinder = { policies: cinderPolicies };

/** A simulator, a state directory and settings for them: all that a compute manager needs, gone when disposed of. */
export interface World extends AsyncDisposable {
  readonly sim: Simulator;
  readonly statePath: string;
  readonly settings: Settings;
  readonly context: RequestContext;
  open(options?: Partial<OpenManagerOptions>): Promise<ComputeManager>;
}

export interface WorldOptions extends SimulatorOptions {
  /** Settings over the simulator's own, `section.option` → value. */
  readonly set?: Readonly<Record<string, string | readonly string[]>>;
}

export async function startWorld({ set = {}, ...options }: WorldOptions = {}): Promise<World> {
  const sim = await startSimulator({ adapters: 2, ...options });
  const statePath = mkdtempSync(join(scratch(), 'nova-dpm-test-'));
  const settings = settingsFor(sim, { 'DEFAULT.state_path': statePath, ...set });
  const context = { requestId: 'req-test', signal: neverAborted() };
  return {
    sim,
    statePath,
    settings,
    context,
    open: async (more) =>
      await openManager(settings, {
        context,
        baseDir: statePath,
        policies: quickPolicies,
        cinder: quickCinder,
        ...more,
      }),
    [Symbol.asyncDispose]: async () => {
      await sim.close();
      rmSync(statePath, { recursive: true, force: true });
    },
  };
}

/** Every record is on the disk before its effect: where there is a disk in memory, tests do not wait for it. */
export function scratch(): string {
  const memory = '/dev/shm';
  return existsSync(memory) ? memory : tmpdir();
}

/** Settings as a user would write them, read the way a user's are. */
export function settingsFor(sim: Simulator, set: Readonly<Record<string, string | readonly string[]>> = {}): Settings {
  const text = toIni(sim.settings(), set);
  const file = '/settings/nova-dpm.conf';
  const ca = sim.ca;
  return loadSettings({
    configFiles: [file],
    env: {},
    cwd: '/settings',
    home: '/nowhere',
    hostname: 'compute1',
    files: {
      read: (path) => (path === file ? text : path === ca?.file ? ca.pem : undefined),
      info: (path) => (path === file || path === ca?.file ? { mode: 0o600, directory: false } : undefined),
      list: () => [],
      writable: () => true,
    },
  });
}

type Sections = Readonly<Record<string, Readonly<Record<string, string | string[]>>>>;

export function toIni(sections: Sections, set: Readonly<Record<string, string | readonly string[]>> = {}): string {
  const merged = new Map(
    Object.entries(sections).map(([name, options]) => [
      name,
      new Map<string, string | readonly string[]>(Object.entries(options)),
    ]),
  );
  for (const [name, value] of Object.entries(set)) {
    const [section = '', option = ''] = name.split('.');
    merged.set(section, (merged.get(section) ?? new Map<string, string | readonly string[]>()).set(option, value));
  }
  return [...merged]
    .map(([section, options]) => {
      const lines = [...options].flatMap(([option, value]) => [value].flat().map((each) => `${option} = ${each}`));
      return [`[${section}]`, ...lines].join('\n');
    })
    .join('\n\n');
}
