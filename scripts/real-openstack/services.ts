import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

/** Offsets in the block of ports. Source: README of the stack. */
const KEYSTONE_PORT = 0;
const CINDER_PORT = 76;
/** Below the range from which kernels give ports to clients (32768 on Linux). */
const FIRST_BASE = 20_000;
const LAST_BASE = 32_000;
const BLOCK = 100;

/** Real Keystone and Cinder with a storage array behind, started for one run. */
export interface RealOpenstack {
  /** With `/v3`. */
  readonly keystoneUrl: string;
  readonly cinderUrl: string;
  /** Where the array keeps its state. */
  readonly arrayDirectory: string;
  /** Ends the services. @throws Error when something still answers on their ports */
  stop(): Promise<void>;
}

/**
 * Starts real Keystone and Cinder. A start that fails ends what it had begun.
 *
 * @param scripts - directory of `start.sh` and `stop.sh`
 * @param directory - for state and logs; must be empty or absent
 */
export async function startOpenstack(scripts: string, directory: string): Promise<RealOpenstack> {
  const base = await findFreeBase();
  mkdirSync(directory, { recursive: true });
  const stack = { scripts, directory, base };
  try {
    await run(stack, 'start.sh', ['cinder-keystone']);
  } catch (error) {
    await stop(stack);
    throw error;
  }
  return {
    keystoneUrl: `http://127.0.0.1:${base + KEYSTONE_PORT}/v3`,
    cinderUrl: `http://127.0.0.1:${base + CINDER_PORT}/v3`,
    arrayDirectory: join(directory, 'run', 'array'),
    stop: async () => await stop(stack),
  };
}

/** Are the scripts there? */
export function hasOpenstack(scripts: string): boolean {
  return ['start.sh', 'stop.sh'].every((name) => existsSync(join(scripts, name)));
}

interface Stack {
  readonly scripts: string;
  readonly directory: string;
  readonly base: number;
}

async function stop(stack: Stack): Promise<void> {
  await run(stack, 'stop.sh', []);
  const ports = [KEYSTONE_PORT, CINDER_PORT].map((offset) => stack.base + offset);
  const alive = await Promise.all(ports.map(answers));
  if (alive.includes(true)) throw new Error(`something still answers on ${ports.join(' or ')}: see ${stack.directory}`);
}

/**
 * Runs one of the scripts to its end. It is not ended with us: it may be installing packages, and services that it has
 * started but not yet written down would outlive it. Its own process group keeps the terminal's Ctrl-C from it.
 */
async function run(stack: Stack, script: string, args: readonly string[]): Promise<void> {
  const log = join(stack.directory, `${script}.log`);
  const output = openSync(log, 'a');
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(join(stack.scripts, script), args, {
        env: environment(stack),
        detached: true,
        stdio: ['ignore', output, output], // a file: services that inherit a pipe would hold it open
      });
      child.once('error', reject);
      child.once('exit', resolve);
    });
    if (code !== 0) throw new Error(`${script} ended with ${code ?? 'a signal'}: ${lastLines(log)}`);
  } finally {
    closeSync(output);
  }
}

/**
 * Options of the services themselves (oslo.config reads `OS_GROUP__OPTION`), as most installations have them. The stack's
 * files say that Cinder has Keystone check every token of every request: two thirds of the run would be spent on that.
 */
const serviceOptions = { OS_KEYSTONE_AUTHTOKEN__TOKEN_CACHE_TIME: '300' };

function environment({ directory, base }: Stack): NodeJS.ProcessEnv {
  // OSO_KEEP would keep the state of an earlier run.
  const { OSO_KEEP: _, ...rest } = process.env;
  return { ...rest, ...serviceOptions, OSO_DIR: directory, OSO_BASE: String(base) };
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}

/** First port of a block of which the ports that we use are free. */
async function findFreeBase(): Promise<number> {
  for (let base = FIRST_BASE; base < LAST_BASE; base += BLOCK) {
    const free = await Promise.all([KEYSTONE_PORT, CINDER_PORT].map((offset) => isFree(base + offset)));
    if (!free.includes(false)) return base;
  }
  throw new Error(`no block of ports is free between ${FIRST_BASE} and ${LAST_BASE}`);
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

async function answers(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Removes what a run has left on the disk. */
export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
