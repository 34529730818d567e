import type { Waiting } from '../../base/index.ts';

/** The result of a command. `status` is null if a signal or the time limit ended the command. @public */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @public */
export interface CommandOptions extends Waiting {
  /** After this time the command is killed and its status is null. */
  readonly timeoutMs: number;
}

/**
 * A connector's access to a Linux host: files below `/sys`, `/proc` and `/dev`, and commands.
 *
 * Paths are absolute. A failed file operation rejects with an error that has Node's `code` (`ENOENT`, `EEXIST`, `EBUSY`,
 * …), because sysfs reports with errno.
 *
 * @public
 */
export interface HostSystem {
  /** The output of `uname -m`: `s390x`, `x86_64`, `aarch64`, … */
  readonly platform: string;
  readonly hostname: string;
  exists(path: string): Promise<boolean>;
  read(path: string): Promise<string>;
  /** Writes an existing attribute in one write. Some attributes block until the kernel is done. */
  write(path: string, text: string, waiting: Waiting): Promise<void>;
  /** Returns the sorted names in a directory; none when it does not exist. */
  list(path: string): Promise<readonly string[]>;
  /** Resolves all symbolic links. */
  realpath(path: string): Promise<string>;
  /** Whether a mount, swap, device mapper or exclusive open claims this block device. */
  isClaimed(path: string): Promise<boolean>;
  /** Runs a command without a shell. Resolves with any status; rejects when the command cannot be run. */
  run(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult>;
}

/** Returns Node's error code (`ENOENT`) of a thrown value, if it has one. */
export function errnoOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** Errors of a device that disappeared while it was accessed. */
const goneCodes: readonly (string | undefined)[] = ['ENOENT', 'ENODEV', 'ENXIO', 'ENOTDIR'];

/** Returns undefined if the device disappears during the work, or cannot be opened because it is not online (ENXIO). */
export async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (goneCodes.includes(errnoOf(error))) return undefined;
    throw error;
  }
}

/** Returns the trimmed text of an attribute; undefined when it does not exist or disappears. */
export async function readAttribute(system: HostSystem, path: string): Promise<string | undefined> {
  return (await unlessGone(system.read(path)))?.trim();
}

/** Writes an attribute. Does nothing if its device has disappeared. */
export async function writeIfThere(system: HostSystem, path: string, text: string, waiting: Waiting): Promise<void> {
  await unlessGone(system.write(path, text, waiting));
}

/** Resolves a path; undefined if its target does not exist. */
export async function follow(system: HostSystem, path: string): Promise<string | undefined> {
  return await unlessGone(system.realpath(path));
}

/** Decodes escapes such as `\040` (blank) of mountinfo and swaps. Source: proc(5). */
export function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_match, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
