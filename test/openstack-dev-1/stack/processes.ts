import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Debian's Python, for which its packages are. */
export const PYTHON = '/usr/bin/python3';
export const pythonScripts = join(import.meta.dirname, '../python');

/** How long a service may take to end before it is killed. */
const END_MS = 15_000;

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The processes of one run. Each has a log file with its name, and its own process group. */
export class Processes {
  readonly #directory: string;
  readonly #running = new Map<string, ChildProcess>();

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(join(directory, 'log'), { recursive: true });
  }

  /** Starts a process that runs until {@link end} or {@link kill}. */
  start(name: string, { command, args, env }: Command): void {
    if (this.isRunning(name)) throw new Error(`${name} runs already`);
    const output = openSync(this.logFile(name), 'a');
    const child = spawn(command, [...args], {
      cwd: this.#directory,
      env: { ...environment(), ...env },
      detached: true,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    child.once('error', () => this.#running.delete(name));
    child.once('exit', () => {
      if (this.#running.get(name) === child) this.#running.delete(name);
    });
    this.#running.set(name, child);
  }

  /** Runs a command to its end. @throws Error with the last lines of its log when it fails */
  async run(name: string, command: Command): Promise<void> {
    this.start(name, command);
    const code = await ended(this.#running.get(name));
    if (code !== 0) throw new Error(`${name} ended with ${code ?? 'a signal'}: ${this.lastLines(name)}`);
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  /** Asks a process to end, and waits. After some seconds, kills it with its group. Does nothing if it has ended. */
  async end(name: string, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#running.get(name);
    if (child === undefined) return;
    const end = ended(child);
    signalGroup(child, signal);
    const late = sleep(END_MS, 'late', { ref: false });
    if ((await Promise.race([end, late])) === 'late') {
      signalGroup(child, 'SIGKILL');
      await end;
    }
    this.#running.delete(name);
  }

  /** Ends all processes at the same time. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map(async (name) => await this.end(name)));
  }

  logFile(name: string): string {
    return join(this.#directory, 'log', `${name}.log`);
  }

  lastLines(name: string): string {
    return readFileSync(this.logFile(name), 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  }

  /** Waits until `probe` returns true. @throws Error when one of the processes ends, or after `seconds` */
  async until(what: string, seconds: number, names: readonly string[], probe: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    let problem = '';
    for (;;) {
      const isReady = await probe().catch((error: unknown) => {
        problem = String(error);
        return false;
      });
      if (isReady) return;
      const dead = names.find((name) => !this.isRunning(name));
      if (dead !== undefined) throw new Error(`${dead} has ended: ${this.lastLines(dead)}`);
      if (Date.now() > deadline) throw new Error(`${what}: not after ${seconds} s ${problem}`);
      await sleep(200);
    }
  }
}

async function ended(child: ChildProcess | undefined): Promise<number | null> {
  if (child === undefined) return null;
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  return await new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
}

/** Signals the group, which also has the workers of a service. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // the group has ended
  }
}

/** Only what the services need, so that settings of the shell (OS_*, proxies, PYTHONPATH) do not reach them. */
function environment(): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/nonexistent',
    LANG: 'C.UTF-8',
    no_proxy: '127.0.0.1,localhost',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUNBUFFERED: '1',
  };
}

/** Below the range from which kernels give ports to clients (32768 on Linux). */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

/** Returns free TCP ports of the loopback address. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  let port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT - 1000));
  for (; found.length < count && port < LAST_PORT; port += 1) if (await isFree(port)) found.push(port);
  if (found.length < count) throw new Error(`there are no ${count} free ports below ${LAST_PORT}`);
  return found;
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
