import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describeError } from '../../src/base/index.ts';

/** Offsets in the block of TCP ports. Source: README of the stack. */
const KEYSTONE_PORT = 0;
const CINDER_PORT = 76;
/** Below the range from which kernels give ports to clients (32768 on Linux). */
const FIRST_BASE = 20_000;
const LAST_BASE = 32_000;
const BLOCK = 100;

/** Real Keystone and Cinder with a storage array, started for one run. */
export interface RealOpenstack {
  /** With `/v3`. */
  readonly keystoneUrl: string;
  readonly cinderUrl: string;
  /** The state file of the array. */
  readonly arrayDirectory: string;
  /** Stops the services. @throws Error when a program still answers on their ports */
  stop(): Promise<void>;
}

/** The services are not available on this machine, so that nothing is tested. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** The installed packages, and free ports for the services. */
export interface Stack {
  readonly scripts: string;
  readonly directory: string;
  readonly base: number;
}

/**
 * Installs missing packages of Keystone and Cinder.
 *
 * @param scripts - directory of `install.sh`, `start.sh` and `stop.sh`; it may be read-only
 * @param directory - for state and logs; must be empty or absent
 * @throws UnavailableError when they cannot be installed
 */
export async function prepareOpenstack(scripts: string, directory: string): Promise<Stack> {
  // stop.sh recognises its processes by the path of their program. A copy for each run separates the runs.
  const copy = join(directory, 'scripts');
  copyTree(scripts, copy);
  const stack = { scripts: copy, directory, base: await findFreeBase() };
  await install(stack);
  return stack;
}

/** Starts real Keystone and Cinder. If this fails, stops the services that were started. */
export async function startOpenstack(stack: Stack): Promise<RealOpenstack> {
  const { directory, base } = stack;
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

/** Adds write permission, without which the copy could not be deleted. Omits recordings. */
function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory() && entry.name !== 'transcripts') copyTree(source, target);
    if (!entry.isFile()) continue;
    copyFileSync(source, target);
    chmodSync(target, entry.name.endsWith('.sh') ? 0o755 : 0o644);
  }
}

/** During the installation this file prevents the start of services. A failed installation leaves the file behind. */
const policyFile = '/usr/sbin/policy-rc.d';

async function install(stack: Stack): Promise<void> {
  const hadPolicy = existsSync(policyFile);
  try {
    await run(stack, 'install.sh', []);
  } catch (error) {
    throw new UnavailableError(
      `the Debian packages of Keystone and Cinder cannot be installed: ${describeError(error)}`,
    );
  } finally {
    if (!hadPolicy) rmSync(policyFile, { force: true });
  }
}

/** Whether the scripts exist. */
export function hasOpenstack(scripts: string): boolean {
  return ['install.sh', 'start.sh', 'stop.sh'].every((name) => existsSync(join(scripts, name)));
}

async function stop(stack: Stack): Promise<void> {
  await run(stack, 'stop.sh', []);
  const ports = [KEYSTONE_PORT, CINDER_PORT].map((offset) => stack.base + offset);
  const alive = await Promise.all(ports.map(answers));
  if (alive.includes(true)) throw new Error(`something still answers on ${ports.join(' or ')}: see ${stack.directory}`);
}

/**
 * Runs one of the scripts until it ends. If this process is interrupted, the script continues: it may be installing
 * packages, or have started services that it has not recorded yet. Its own process group protects it from Ctrl-C.
 */
async function run(stack: Stack, script: string, args: readonly string[]): Promise<void> {
  const log = join(stack.directory, `${script}.log`);
  const output = openSync(log, 'a');
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(join(stack.scripts, script), args, {
        env: environment(stack),
        detached: true,
        stdio: ['ignore', output, output], // a file, because services would keep an inherited pipe open
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
 * Options of the services (oslo.config reads `OS_GROUP__OPTION`), as in most installations. By default, Cinder would
 * have Keystone check the token of every request, which takes two thirds of the run.
 */
const serviceOptions = { OS_KEYSTONE_AUTHTOKEN__TOKEN_CACHE_TIME: '300' };

function environment({ directory, base }: Stack): NodeJS.ProcessEnv {
  // OSO_KEEP would keep the state of an earlier run. On a busy machine, a start takes minutes.
  const { OSO_KEEP: _, ...rest } = process.env;
  return { ...rest, ...serviceOptions, OSO_DIR: directory, OSO_BASE: String(base), OSO_WAIT: '300' };
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}

/** Returns the first port of a block whose used ports are free. */
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

/** Removes the files of a run. */
export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
