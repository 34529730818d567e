import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect } from 'vitest';
import { visibleCommands } from '../../src/cli/complete.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { ended, fakeIo } from '../support/cli.ts';
import type { Ran } from '../support/cli.ts';

interface Act {
  /** As `dpm -h` names it. */
  readonly command: string;
  /** What it needs; `$partition` and `$flow` are those of the server. */
  readonly given?: readonly string[];
  /** 0, or that of an error of its own. */
  readonly code?: number;
  /** A command that goes on until it is interrupted, once it has said that it is ready. */
  readonly isService?: true;
}

/** A short life of a server, in which each command has a turn. */
export const acts: readonly Act[] = [
  { command: 'complete', given: ['bash'] },
  { command: 'config init', code: 2 }, // there is no input
  { command: 'config sample' },
  { command: 'config show' },
  { command: 'doctor' },
  { command: 'hypervisor show' },
  { command: 'hypervisor stats' },
  { command: 'server create', given: ['web1', '--vcpus', '1', '--memory', '1024', '--volume', 'boot-1'] },
  { command: 'volume create', given: ['data-9', '--size', '1'] },
  { command: 'volume list' },
  { command: 'volume show', given: ['data-9'] },
  { command: 'volume delete', given: ['data-9'] },
  { command: 'server add volume', given: ['web1', 'data-1'] },
  { command: 'network list' },
  { command: 'server add network', given: ['web1', 'net1'] },
  { command: 'server list' },
  { command: 'server show', given: ['web1'] },
  { command: 'server wait', given: ['web1'] },
  { command: 'server stats', given: ['web1'] },
  { command: 'partition list' },
  { command: 'partition show', given: ['$partition'] },
  { command: 'cpc list' },
  { command: 'adapter list' },
  { command: 'storage-group list', code: 1 }, // a z13 has none
  { command: 'storage-group show', given: ['group-1'], code: 1 },
  { command: 'get-connector', given: ['--partition', '$partition'] },
  { command: 'volume paths', given: ['data-1', '--partition', '$partition'] },
  { command: 'volume paths', given: ['data-1', '--partition', '$partition', '--svg', 'paths.svg'] },
  { command: 'volume list-paths', given: ['--partition', '$partition'] },
  { command: 'volume search-path', given: ['--host'] },
  { command: 'server remove network', given: ['web1', 'net1'] },
  { command: 'server remove volume', given: ['web1', 'data-1'] },
  { command: 'server stop', given: ['web1'] },
  { command: 'server start', given: ['web1'] },
  { command: 'server reboot', given: ['web1'] },
  { command: 'server resize', given: ['web1', '--vcpus', '2'] },
  { command: 'server set', given: ['web1', '--property', 'dpm:boot_timeout=120'] },
  { command: 'server unset', given: ['web1', '--property', 'dpm:boot_timeout'] },
  { command: 'server set', given: ['web1', '--boot-from', 'volume'] },
  { command: 'server dump', given: ['web1'] },
  { command: 'server rescue', given: ['web1', '--volume', 'boot-2'] },
  { command: 'server unrescue', given: ['web1'] },
  { command: 'server rebuild', given: ['web1', '--volume', 'boot-2'] },
  { command: 'console log show', given: ['web1'], code: 1 }, // a z13 cannot list messages
  { command: 'server console', given: ['web1'], code: 1 }, // without a terminal
  { command: 'server event list', given: ['web1'] },
  { command: 'flow list' },
  { command: 'flow show', given: ['$flow'] },
  { command: 'flow resume', given: ['$flow'], code: 1 }, // it is not stuck
  { command: 'local-attach', given: ['data-1', '--partition', 'no-such-partition'], code: 3 },
  { command: 'local-detach', given: ['data-1', '--partition', 'no-such-partition'], code: 3 },
  { command: 'path-service', given: ['--port', '0'], isService: true },
  { command: 'serve', given: ['--socket', 'serve.sock'], isService: true },
  { command: 'verify' },
  { command: 'server delete', given: ['web1'] },
  { command: 'simulate', isService: true },
];

/** Runs every command of `dpm`. */
export function everyCommand(): readonly Command[] {
  const below = (command: Command): Command[] => [command, ...visibleCommands(command).flatMap(below)];
  return below(buildProgram(fakeIo(), async () => undefined));
}

interface Started {
  readonly end: Promise<Ran>;
  /** Resolves with what it wrote first. */
  readonly ready: Promise<string>;
  readonly stop: () => Promise<Ran>;
}

/** The command of an installed package, in a project's directory. */
export class InstalledCommand {
  readonly #dist: string;
  readonly #cwd: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(modules: string, cwd: string) {
    this.#dist = join(modules, 'nova-dpm', 'dist');
    this.#cwd = cwd;
    const { PATH, TMPDIR, NODE_COMPILE_CACHE } = process.env;
    const settings = {
      NOVA_DPM_CONFIG: join(cwd, 'nova-dpm.conf'),
      NOVA_DPM_DEFAULT__STATE_PATH: join(cwd, 'state'),
      NOVA_DPM_PATH_TOKEN: 'a-token-of-some-length',
    };
    this.#env = { PATH, TMPDIR, NODE_COMPILE_CACHE, HOME: cwd, ...settings };
  }

  get main(): string {
    return join(this.#dist, 'cli', 'main.js');
  }

  /** What it answers to `-h`. */
  async help(name: string): Promise<Ran> {
    return await this.run(...name.split(' ').filter((word) => word !== ''), '-h');
  }

  start(...argv: readonly string[]): Started {
    // Another Node.js than that of the tests: scripts/oldest-node.ts.
    const child = spawn(process.env.DPM_NODE ?? process.execPath, [this.main, ...argv], {
      cwd: this.#cwd,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const end = ended(child);
    const ready = new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (text: string) => {
        resolve(text);
      });
      void end.then(({ stderr }) => {
        reject(new Error(`dpm ${argv.join(' ')} ended before it was ready: ${stderr}`));
      }, reject);
    });
    ready.catch(() => undefined); // for those who only wait for the end
    const stop = async () => {
      child.kill('SIGTERM');
      return await end;
    };
    return { end, ready, stop };
  }

  async run(...argv: readonly string[]): Promise<Ran> {
    return await this.start(...argv).end;
  }

  async play({ command, given = [], code = 0, isService }: Act): Promise<void> {
    const known: Record<string, () => Promise<string>> = {
      $partition: () => this.#first('partition list', 'name'),
      $flow: () => this.#first('flow list', 'id'),
    };
    const args = await Promise.all(given.map(async (word) => (await known[word]?.()) ?? word));
    const started = this.start(...command.split(' '), ...args);
    if (isService === true) {
      expect(await started.ready).toMatch(/ready/);
    }
    const { code: ended, stderr } = await (isService === true ? started.stop() : started.end);

    expect(stderr, command).not.toMatch(/Cannot find|ERR_MODULE|a defect of this program|Warning:|is not used/);
    expect(ended, `dpm ${command}: ${stderr}`).toBe(code);
  }

  async #first(list: string, column: string): Promise<string> {
    const { stdout } = await this.run(...list.split(' '), '-f', 'value', '-c', column);
    return stdout.split('\n')[0] ?? '';
  }
}

/** "server add volume" */
export function nameOf(command: Command): string {
  const { parent } = command;
  return parent === null ? '' : `${nameOf(parent)} ${command.name()}`.trim();
}
