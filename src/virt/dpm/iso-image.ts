import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { ConfigError, describeError } from '../../base/index.ts';
import type { IsoImage } from '../../hmc-client/index.ts';

/*
 * Reads as much of an ISO 9660 image as a load needs. Sources: ECMA-119, sections 8.4 (primary volume descriptor) and 9.1
 * (directory record); IEEE P1282 (Rock Ridge), section 4.1.4 (alternate name).
 */
const SECTOR = 2048;
const DESCRIPTOR = 16 * SECTOR;
const ROOT_RECORD = 156;
/** Far above the root directory of an installer. */
const MAX_DIRECTORY = 1024 * 1024;

/**
 * Opens an ISO image for an upload, and finds its INS file, which names kernel and initial file system. Changes nothing.
 *
 * @param insFile - path in the image; by default, the only `.ins` file in the root directory
 * @throws ConfigError when the file cannot be read, is not an ISO image, or has no such INS file
 */
export async function openIsoImage(file: string, insFile?: string): Promise<IsoImage> {
  const wrong = (expected: string, cause?: unknown) =>
    new ConfigError(
      `ISO image "${file}": ${expected}${cause === undefined ? '' : ` (${describeError(cause)})`}`,
      { option: '--iso', value: file },
      { cause },
    );
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    throw wrong('the file cannot be read', error);
  }
  try {
    const info = await handle.stat();
    if (!info.isFile()) throw wrong('expected a file');
    const names = await rootNames(handle);
    if (names === undefined) throw wrong('expected an ISO 9660 image');
    const open = () => createReadStream(file);
    return { name: imageName(file), insFile: chooseInsFile(names, insFile, wrong), bytes: info.size, open };
  } finally {
    await handle.close();
  }
}

/** Returns the image with progress in percent, at most one message for each percent. */
export function withProgress(image: IsoImage, progress: ((detail: string) => void) | undefined): IsoImage {
  if (progress === undefined) return image;
  const open = () => {
    const source = image.open();
    const counted = Readable.from(counting(source, image.bytes, progress), { objectMode: false });
    counted.once('close', () => source.destroy());
    return counted;
  };
  return { ...image, open };
}

async function* counting(source: Readable, total: number, progress: (detail: string) => void) {
  let [sent, shown] = [0, -1];
  for await (const chunk of source as AsyncIterable<Buffer>) {
    sent += chunk.length;
    const percent = Math.floor((sent * 100) / total);
    if (percent > shown) progress(`uploading ${image(total)}: ${percent} %`);
    shown = percent;
    yield chunk;
  }
}

function image(bytes: number): string {
  return `the image (${Math.ceil(bytes / 1024 / 1024)} MiB)`;
}

/** Returns the name for the HMC, which allows no blanks and wants `.iso` in lower case. */
function imageName(file: string): string {
  const name = basename(file).replaceAll(/[^A-Za-z0-9._-]+/g, '-');
  return `${name.replace(/\.iso$/i, '')}.iso`;
}

/** The HMC reads the file with Linux, which shows the Rock Ridge name, else the ISO name in lower case. */
function chooseInsFile(
  names: readonly string[],
  wanted: string | undefined,
  wrong: (expected: string) => Error,
): string {
  const found = names.filter((name) => name.toLowerCase().endsWith('.ins')).map((name) => `/${name}`);
  const shown = found.join(', ') || 'none';
  if (wanted === undefined) {
    const [only, ...others] = found;
    if (only !== undefined && others.length === 0) return only;
    throw wrong(`its root directory must have one .ins file, or name the file with --iso-ins; it has: ${shown}`);
  }
  const path = `/${wanted.replace(/^\/+/, '')}`;
  const isInRoot = !path.slice(1).includes('/');
  if (isInRoot && !found.some((name) => name.toLowerCase() === path.toLowerCase())) {
    throw wrong(`it has no file ${path}; its .ins files: ${shown}`);
  }
  return path;
}

/** Returns the names in the root directory; undefined if this is not an ISO 9660 image. */
async function rootNames(handle: FileHandle): Promise<readonly string[] | undefined> {
  const descriptor = await readAt(handle, DESCRIPTOR, SECTOR);
  if (descriptor?.[0] !== 1 || descriptor.toString('latin1', 1, 6) !== 'CD001') return undefined;
  const [sector, size] = [descriptor.readUInt32LE(ROOT_RECORD + 2), descriptor.readUInt32LE(ROOT_RECORD + 10)];
  const directory = size > MAX_DIRECTORY ? undefined : await readAt(handle, sector * SECTOR, size);
  return directory === undefined ? undefined : [...namesIn(directory)];
}

/** @returns undefined if the file ends before */
async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return bytesRead === length ? buffer : undefined;
}

/** A record does not cross a sector; a length of 0 fills the rest of the sector. */
function* namesIn(directory: Buffer): Generator<string> {
  let at = 0;
  while (at < directory.length) {
    const length = directory.readUInt8(at);
    const record = directory.subarray(at, at + length);
    at = length === 0 ? (Math.floor(at / SECTOR) + 1) * SECTOR : at + length;
    if (record.length < 34) continue;
    const end = 33 + record.readUInt8(32);
    const isDirectory = (record.readUInt8(25) & 2) !== 0;
    if (!isDirectory)
      yield rockRidgeName(record.subarray(end + (end % 2))) ?? plainName(record.toString('latin1', 33, end));
  }
}

/** `GENERIC.INS;1` */
function plainName(name: string): string {
  return name.replace(/\.?;\d+$/, '').toLowerCase();
}

/** Reads the entries after a directory record: signature, length, version, flags, then the name. */
function rockRidgeName(entries: Buffer): string | undefined {
  let name: string | undefined;
  for (let at = 0; at + 4 <= entries.length;) {
    const length = entries.readUInt8(at + 2);
    if (length < 4) break;
    if (entries.toString('latin1', at, at + 2) === 'NM')
      name = (name ?? '') + entries.toString('utf8', at + 5, at + length);
    at += length;
  }
  return name;
}
