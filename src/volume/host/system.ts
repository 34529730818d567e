import type { Waiting } from '../../base/index.ts';

/** How a command ended. `status` is null when a signal or the time limit ended it. @public */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @public */
export interface CommandOptions extends Waiting {
  /** The command is killed after this time, and its status is null. */
  readonly timeoutMs: number;
}

/**
 * All that a connector does to a Linux host goes through here: files below `/sys`, `/proc` and `/dev`, and commands.
 * Tests put a tree of their own behind it.
 *
 * Paths are absolute. A failing file operation rejects with an error that has Node's `code` (`ENOENT`, `EEXIST`,
 * `EBUSY`, …), since in sysfs the errno is the answer.
 *
 * @public
 */
export interface HostSystem {
  /** What `uname -m` says: `s390x`, `x86_64`, `aarch64`, … */
  readonly platform: string;
  readonly hostname: string;
  exists(path: string): Promise<boolean>;
  read(path: string): Promise<string>;
  /** Writes an attribute that is there already, in one write. Some of them block until the work is done. */
  write(path: string, text: string, waiting: Waiting): Promise<void>;
  /** Names in a directory, sorted; none when there is no such directory. */
  list(path: string): Promise<readonly string[]>;
  /** The path with all its symbolic links followed. */
  realpath(path: string): Promise<string>;
  /** Has somebody claimed this block device (a mount, swap, device mapper, an exclusive open)? */
  isClaimed(path: string): Promise<boolean>;
  /** Runs a command without a shell. A status other than 0 is an answer, not an error; rejects when it cannot be run. */
  run(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult>;
}

/** Node's error code of what was thrown (`ENOENT`), if it has one. */
export function errnoOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** What says that a device went away while it was looked at, rather than that something is wrong. */
const goneCodes: readonly (string | undefined)[] = ['ENOENT', 'ENODEV', 'ENXIO', 'ENOTDIR'];

/** The trimmed text of an attribute; undefined when it is not there, or not there any more. */
export async function readAttribute(system: HostSystem, path: string): Promise<string | undefined> {
  try {
    return (await system.read(path)).trim();
  } catch (error) {
    if (goneCodes.includes(errnoOf(error))) return undefined;
    throw error;
  }
}

/** Writes an attribute; false when it, and so what it belongs to, is gone. */
export async function writeIfThere(system: HostSystem, path: string, text: string, waiting: Waiting): Promise<boolean> {
  try {
    await system.write(path, text, waiting);
    return true;
  } catch (error) {
    if (goneCodes.includes(errnoOf(error))) return false;
    throw error;
  }
}

/** Where a path leads; undefined when it leads nowhere. */
export async function follow(system: HostSystem, path: string): Promise<string | undefined> {
  try {
    return await system.realpath(path);
  } catch (error) {
    if (goneCodes.includes(errnoOf(error))) return undefined;
    throw error;
  }
}
