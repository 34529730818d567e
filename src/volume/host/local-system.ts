import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, open, readdir, readFile, realpath } from 'node:fs/promises';
import { hostname, machine } from 'node:os';
import { join, relative } from 'node:path';
import { toError, whileWanted } from '../../base/index.ts';
import { errnoOf } from './system.ts';
import type { CommandOptions, CommandResult, HostSystem } from './system.ts';

/** @public */
export interface LocalSystemOptions {
  /** Directory of `/sys`, `/proc` and `/dev` (default `/`). Commands are not affected. */
  readonly root?: string;
}

/** Larger than the output of any of these commands. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** Returns the access to the Linux host on which this program runs. @public */
export function openLocalSystem({ root = '/' }: LocalSystemOptions = {}): HostSystem {
  const below = (path: string): string => join(root, path);
  return {
    platform: machine(),
    hostname: hostname(),
    exists: async (path) => await exists(below(path)),
    read: async (path) => await readFile(below(path), 'utf8'),
    write: async (path, text, { signal }) => {
      signal.throwIfAborted();
      // A blocking write cannot be interrupted, but an abort ends the wait for it.
      await whileWanted(writeAttribute(below(path), text), signal);
    },
    list: async (path) => await list(below(path)),
    realpath: async (path) => join('/', relative(await realpath(root), await realpath(below(path)))),
    isClaimed: async (path) => await isClaimed(below(path)),
    run,
  };
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** Opens write-only, because sysfs refuses to open attributes without `show` for reading. Never creates or truncates. */
async function writeAttribute(path: string, text: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY);
  try {
    await file.write(text);
  } finally {
    await file.close();
  }
}

async function list(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Opens with O_EXCL, which fails on Linux while the block device is claimed in any mount namespace. */
async function isClaimed(path: string): Promise<boolean> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_EXCL);
    await file.close();
    return false;
  } catch (error) {
    if (errnoOf(error) === 'EBUSY') return true;
    throw error;
  }
}

async function run(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { signal, timeoutMs } = options;
  signal.throwIfAborted();
  // The timeout of execFile would wait for a command that hangs on a dead disk.
  const limit = AbortSignal.timeout(timeoutMs);
  const settings = {
    signal: AbortSignal.any([signal, limit]),
    maxBuffer: MAX_OUTPUT_BYTES,
    killSignal: 'SIGKILL' as const,
  };
  return await new Promise((resolve, reject) => {
    // LC_ALL: the output must not depend on the user's language.
    execFile('env', ['LC_ALL=C', command, ...args], settings, (error, stdout, stderr) => {
      if (error === null) resolve({ status: 0, stdout, stderr });
      else if (signal.aborted) reject(toError(signal.reason));
      else if (limit.aborted) resolve({ status: null, stdout, stderr });
      else if (error.code === NOT_EXECUTABLE || error.code === NOT_FOUND) reject(notThere(command, error));
      else if (typeof error.code === 'number') resolve({ status: error.code, stdout, stderr });
      else if (error.signal) resolve({ status: null, stdout, stderr });
      else reject(toError(error));
    });
  });
}

/** Status of env(1) for a command that is not executable, and for a missing command. */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

function notThere(command: string, cause: Error): Error {
  return Object.assign(new Error(`${command} cannot be run`, { cause }), { code: 'ENOENT' });
}
