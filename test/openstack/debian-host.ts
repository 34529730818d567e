import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from './stack/packages.ts';

/** What a host of its own needs besides the packages of the test: to be started, and to install packages. */
const base = ['systemd', 'systemd-sysv', 'dbus', 'ca-certificates', 'adduser', 'apt'];
/** Tools of this machine. */
const tools = ['mmdebstrap', 'systemd-container'];

const BOOT_SECONDS = 120;

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** A clean Debian 12 in a directory, started by its own systemd in a container that shares the network of this machine. */
export class DebianHost implements AsyncDisposable {
  readonly #root: string;
  readonly #log: string;
  #container: ChildProcess | undefined;
  #leader = 0;

  private constructor(root: string, log: string) {
    this.#root = root;
    this.#log = log;
  }

  /** Installs Debian 12 into `root`, and starts it. @throws UnavailableError when this machine cannot do that */
  static async start(root: string, log: string): Promise<DebianHost> {
    if (process.getuid?.() !== 0) throw new UnavailableError('a host of its own needs root');
    installTools();
    const host = new DebianHost(root, log);
    must('mmdebstrap', ['--quiet', '--variant=minbase', `--include=${base.join(',')}`, 'bookworm', root]);
    // The directory is thrown away, so nothing has to be written to the disk in order.
    writeFileSync(join(root, 'etc/dpkg/dpkg.cfg.d/unsafe-io'), 'force-unsafe-io\n');
    mkdirSync(join(root, 'root/packages'), { recursive: true });
    await host.#boot();
    return host;
  }

  /** Copies a file into the directory `/root/packages` of the host. */
  give(file: string): void {
    copyFileSync(file, join(this.#root, 'root/packages', basename(file)));
  }

  /** Writes a file of the host. */
  write(path: string, text: string, mode = 0o644): void {
    writeFileSync(join(this.#root, path), text, { mode });
  }

  /** Runs shell commands on the host, as root in `/root/packages`; stops at the first that fails. */
  async run(commands: string, input = ''): Promise<Ran> {
    const enter = ['-t', String(this.#leader), '-m', '-u', '-i', '-p', '-r', '-w'];
    const environment = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LANG=C.UTF-8', 'TERM=dumb'];
    const shell = ['DEBIAN_FRONTEND=noninteractive', 'sh', '-ec', `exec 2>&1\ncd /root/packages\n${commands}`];
    return await runProgram('nsenter', [...enter, '--', ...environment, ...shell], input);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const container = this.#container;
    if (container?.exitCode !== null) return;
    const ended = once(container, 'exit');
    await this.run('systemctl --no-block poweroff');
    const late = sleep(30_000, 'late', { ref: false });
    if ((await Promise.race([ended, late])) === 'late') {
      process.kill(this.#leader, 'SIGKILL');
      await ended;
    }
  }

  async #isUp(): Promise<boolean> {
    return /running|degraded/.test((await this.run('systemctl is-system-running || true')).output);
  }

  async #boot(): Promise<void> {
    const output = openSync(this.#log, 'a');
    const options = ['--quiet', '--boot', '--register=no', '--keep-unit', '--console=pipe', '-D', this.#root];
    this.#container = spawn('systemd-nspawn', options, { stdio: ['ignore', output, output] });
    closeSync(output);
    const deadline = Date.now() + BOOT_SECONDS * 1000;
    for (;;) {
      if (this.#container.exitCode !== null) {
        throw new UnavailableError(`systemd-nspawn cannot start a host here: ${lastLines(this.#log)}`);
      }
      this.#leader = childOf(this.#container.pid ?? 0);
      if (this.#leader > 0 && (await this.#isUp())) return;
      if (Date.now() > deadline) throw new Error(`the host has not started: ${lastLines(this.#log)}`);
      await sleep(300);
    }
  }
}

/** Runs a program beside the servers of this process, which have to answer meanwhile. */
export async function runProgram(
  command: string,
  args: readonly string[],
  input = '',
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ran> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stdin.on('error', () => undefined); // it ended before it read all
  child.stdin.end(input);
  await once(child, 'close');
  return { code: child.exitCode, output };
}

function installTools(): void {
  const missing = tools.filter((name) => spawnSync('dpkg-query', ['-W', name]).status !== 0);
  if (missing.length === 0) return;
  const lock = ['-o', 'DPkg::Lock::Timeout=550'];
  must('apt-get', [...lock, 'update', '-qq']);
  must('apt-get', [...lock, 'install', '-y', '-qq', '--no-install-recommends', ...missing]);
}

/** The only child of a process; 0 if there is none. */
function childOf(pid: number): number {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
  return Number(stdout.trim().split('\n')[0] ?? 0);
}

function must(command: string, args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stderr, error } = spawnSync(command, args, { env, encoding: 'utf8' });
  if (status === 0) return;
  throw new UnavailableError(`${command} failed: ${error?.message ?? stderr.trim().split('\n').slice(-3).join('; ')}`);
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('; ');
}
