import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatorOptions } from '../../src/simulator/index.ts';
import { ended, startDpm } from '../support/cli.ts';
import type { Ran } from '../support/cli.ts';
import { SimulatorProcess } from '../support/simulator/start.ts';
import { scratch, toIni } from '../support/world.ts';

/** A command that runs, or has run, in a process of its own. */
export interface Running {
  readonly argv: readonly string[];
  readonly child: ChildProcess;
  readonly end: Promise<Ran>;
  /** Settled with the first step that is told as done, and with the end of the process at the latest. */
  readonly hasBegun: Promise<boolean>;
}

/** A simulator in a process of its own, one state directory, and commands that share both. */
export class ProcessCrowd implements AsyncDisposable {
  readonly sim: SimulatorProcess;
  readonly #directory: string;

  private constructor(sim: SimulatorProcess, directory: string) {
    this.sim = sim;
    this.#directory = directory;
  }

  static async open(options: SimulatorOptions, set: Readonly<Record<string, string>>): Promise<ProcessCrowd> {
    const sim = await SimulatorProcess.start(options);
    const directory = mkdtempSync(join(scratch(), 'nova-dpm-crowd-'));
    const settings = toIni(sim.first.settings, { 'DEFAULT.state_path': join(directory, 'state'), ...set });
    writeFileSync(join(directory, 'nova-dpm.conf'), `${settings}\n`, { mode: 0o600 });
    return new ProcessCrowd(sim, directory);
  }

  /** Starts `dpm` with these arguments. */
  begin(...argv: readonly string[]): Running {
    const config = join(this.#directory, 'nova-dpm.conf');
    const child = startDpm([...argv, '-f', 'json'], { env: { NOVA_DPM_CONFIG: config } });
    const end = ended(child);
    const begun = new Promise<boolean>((resolve) => {
      child.stderr?.on('data', (text: string) => {
        if (/^(?:done|progress) /m.test(text)) resolve(true);
      });
    });
    return { argv, child, end, hasBegun: Promise.race([begun, end.then(() => false)]) };
  }

  /** @throws Error with what it said when it does not end well */
  async run(...argv: readonly string[]): Promise<unknown> {
    const { code, stdout, stderr } = await this.begin(...argv).end;
    if (code !== 0) throw new Error(`dpm ${argv.join(' ')} ended with ${code}: ${stderr}`);
    return stdout === '' ? undefined : JSON.parse(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sim[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** `server create`, booting from the volume that is named after it. */
export function creation(name: string, ...more: readonly string[]): readonly string[] {
  return ['server', 'create', name, '--vcpus', '1', '--memory', '1024', '--volume', `boot-of-${name}`, ...more];
}

export async function kill({ child, end }: Running): Promise<boolean> {
  if (child.exitCode !== null) return false;
  child.kill('SIGKILL');
  await end;
  return child.signalCode === 'SIGKILL';
}
