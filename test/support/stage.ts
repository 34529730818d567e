import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { backend, startSimulator as starter } from '../../src/cli/open.ts';
import { runCli } from '../../src/cli/run.ts';
import { nodeFiles } from '../../src/config/index.ts';
import type { Environment } from '../../src/config/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/index.ts';
import type { HostSystem } from '../../src/volume/host/index.ts';
import type { Ran } from './cli.ts';
import { FakeHost } from './fake-host/fake-host.ts';
import { quickPolicies as hostPolicies } from './fake-host/scenes.ts';
import { quickPolicies, toIni } from './world.ts';

/** What a command printed with `-f json`, of any shape: a test says what it expects of it. */
export type Printed = Readonly<Record<string, unknown>>;

/** A run of a command, with what it printed read. */
export interface Played extends Ran {
  readonly printed: unknown;
  /** `flow: step` of every step that was done, in order. */
  readonly steps: readonly string[];
}

/** Simulators on HTTPS and a settings file for them; `dpm` runs the command line as a user would, within this process. */
export interface Stage extends AsyncDisposable {
  readonly sim: Simulator;
  /** The working directory of the commands. */
  readonly cwd: string;
  readonly dpm: (...argv: readonly string[]) => Promise<Played>;
  /** The same with more in the environment. */
  readonly dpmWith: (env: Environment, ...argv: readonly string[]) => Promise<Played>;
}

export interface StageOptions extends SimulatorOptions {
  /** Settings over the simulator's own, `section.option` → value. */
  readonly set?: Readonly<Record<string, string | readonly string[]>>;
  /** The host on which the commands run, for volumes without Nova. */
  readonly linux?: (sim: Simulator) => HostSystem;
}

/** Each command opens everything anew: sessions, tokens, database and lock, all as a process of its own would. */
export async function startStage({ set = {}, linux = noHost, ...options }: StageOptions = {}): Promise<Stage> {
  const sim = await startSimulator({ tls: true, ...options });
  const host = linux(sim);
  const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-stage-'));
  const config = join(directory, 'nova-dpm.conf');
  const settings = toIni(sim.settings(), { 'DEFAULT.state_path': join(directory, 'state'), ...set });
  writeFileSync(config, `${settings}\n`, { mode: 0o600 });
  return {
    sim,
    cwd: directory,
    dpm: async (...argv) => await play(argv, { directory, host, env: { NOVA_DPM_CONFIG: config } }),
    dpmWith: async (env, ...argv) => await play(argv, { directory, host, env: { NOVA_DPM_CONFIG: config, ...env } }),
    [Symbol.asyncDispose]: async () => {
      await sim.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

interface Surroundings {
  readonly directory: string;
  readonly host: HostSystem;
  readonly env: Environment;
}

async function play(argv: readonly string[], { directory, host, env }: Surroundings): Promise<Played> {
  const [out, err] = [collecting(), collecting()];
  const steps: string[] = [];
  const io: CliIo = {
    stdout: out.sink,
    stderr: err.sink,
    env,
    cwd: directory,
    home: directory,
    hostname: 'compute1',
    files: nodeFiles,
    onSignal: () => () => undefined,
    backend: backend({
      pid: process.pid,
      baseDir: directory,
      policies: quickPolicies,
      isRoot: true,
      host: { system: host, policies: hostPolicies },
    }),
    openQuestions: () => {
      throw new Error('no questions are expected');
    },
    startSimulator: starter,
  };
  const code = await runCli([...argv, '-f', 'json'], { ...io, backend: watched(io.backend, steps) });
  const [stdout, stderr] = [out.text(), err.text()];
  return { code, stdout, stderr, steps, printed: stdout === '' ? undefined : JSON.parse(stdout) };
}

/** Collects the steps that are done, also those for which the command prints nothing. */
function watched(real: CliIo['backend'], steps: string[]): CliIo['backend'] {
  return {
    ...real,
    openManager: async (settings, options) => {
      const onStep: typeof options.onStep = (event) => {
        if (event.state === 'done') steps.push(`${event.flow}: ${event.step}`);
        options.onStep(event);
      };
      return await real.openManager(settings, { ...options, onStep });
    },
  };
}

/** A host without a Fibre Channel port. */
function noHost(): HostSystem {
  return new FakeHost({ kind: 'zfcp', adapters: [], masks: [] });
}

function collecting() {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  return { sink: { write, isTerminal: false }, text: () => text };
}
