import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { neverAborted } from '../../src/base/index.ts';
import { openManager } from '../../src/compute/index.ts';
import type { ComputeManager, OpenManagerOptions } from '../../src/compute/index.ts';
import type { Settings } from '../../src/config/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import type { RequestContext } from '../../src/virt/index.ts';
import { quickCinder, quickPolicies } from './quick-policies.ts';
import { readSettings } from './read-settings.ts';

export { quickCinder, quickPolicies } from './quick-policies.ts';

/** A simulator, a state directory and settings for them: all that a compute manager needs, gone when disposed of. */
export interface World extends AsyncDisposable {
  readonly sim: Simulator;
  readonly statePath: string;
  readonly settings: Settings;
  /** The same settings as a file has them, for a process of its own. */
  readonly settingsText: string;
  readonly context: RequestContext;
  /** With settings other than its own where they are given. */
  open(options?: Partial<OpenManagerOptions> & { readonly settings?: Settings }): Promise<ComputeManager>;
}

export interface WorldOptions extends SimulatorOptions {
  /** Settings over the simulator's own, `section.option` → value. */
  readonly set?: Readonly<Record<string, string | readonly string[]>>;
}

export async function startWorld({ set = {}, ...options }: WorldOptions = {}): Promise<World> {
  const sim = await startSimulator({ adapters: 2, ...options });
  const statePath = mkdtempSync(join(scratch(), 'nova-dpm-test-'));
  const settingsText = toIni(sim.settings(), { 'DEFAULT.state_path': statePath, ...set });
  const settings = readSettings(settingsText, sim.ca);
  const context = { requestId: 'req-test', signal: neverAborted() };
  return {
    sim,
    statePath,
    settings,
    settingsText,
    context,
    open: async ({ settings: others = settings, ...more } = {}) =>
      await openManager(others, {
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
  return readSettings(toIni(sim.settings(), set), sim.ca);
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
