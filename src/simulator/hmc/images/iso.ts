/*
 * The parts of an ISO 9660 image that a load looks at. Source: ECMA-119, sections 6.2.1 (system area), 8.4 (primary volume
 * descriptor), 9.1 (directory record).
 */

const sectorBytes = 2048;
const firstDescriptor = 16 * sectorBytes;
const standardId = 'CD001';
const maxDepth = 8;

/** What the HMC knows of a mounted image. */
export interface MountedImage {
  readonly bytes: number;
  readonly isIso: boolean;
  /** Whether the image installs an operating system; otherwise it is a live system. */
  readonly isInstaller: boolean;
  /** Paths of the files, in lower case; absent if the directories lie beyond the part that the simulator keeps. */
  readonly files?: readonly string[];
}

/**
 * How the simulator recognises an image that installs: its system area, which ISO 9660 leaves to the maker of the image, begins
 * with this text. Every other ISO image is a live system, which installs nothing.
 */
const installerMark = 'simulated installer\n';

/** Reads the beginning of an image. @param bytes - size of the whole image */
export function readImage(head: Buffer, bytes: number): MountedImage {
  const descriptor = head.subarray(firstDescriptor, firstDescriptor + sectorBytes);
  const isIso = descriptor[0] === 1 && descriptor.toString('latin1', 1, 6) === standardId;
  const isInstaller = head.toString('latin1', 0, installerMark.length) === installerMark;
  if (!isIso) return { bytes, isIso, isInstaller: false };
  const files = filesIn(head, descriptor.subarray(156, 190), '', 0);
  return { bytes, isIso, isInstaller, ...(files === undefined ? {} : { files }) };
}

/** Lists the files under a directory; undefined if a directory is not in the kept part. */
function filesIn(head: Buffer, directory: Buffer, path: string, depth: number): string[] | undefined {
  const [start, size] = [directory.readUInt32LE(2) * sectorBytes, directory.readUInt32LE(10)];
  if (start + size > head.length || depth > maxDepth) return undefined;
  const files: string[] = [];
  for (const record of recordsIn(head.subarray(start, start + size))) {
    const name = record.toString('latin1', 33, 33 + record.readUInt8(32));
    if (name === '\u0000' || name === '\u0001') continue; // the directory itself and its parent
    const full = `${path}/${name.replace(/\.?;\d+$/u, '').toLowerCase()}`;
    const isDirectory = (record.readUInt8(25) & 2) !== 0;
    const found = isDirectory ? filesIn(head, record, full, depth + 1) : [full];
    if (found === undefined) return undefined;
    files.push(...found);
  }
  return files;
}

/** Directory records do not cross sectors; a length of 0 means that the next one is in the next sector. */
function* recordsIn(directory: Buffer): Generator<Buffer> {
  for (let at = 0; at < directory.length;) {
    const length = directory.readUInt8(at);
    if (length === 0) {
      at = (Math.floor(at / sectorBytes) + 1) * sectorBytes;
      continue;
    }
    if (length > 33 && at + length <= directory.length) yield directory.subarray(at, at + length);
    at += length;
  }
}

/**
 * Makes an ISO image that the simulated machine takes for an installer: it boots, and installs an operating system onto the
 * LUN of its partition.
 *
 * @param insFile - name of the INS file in the root directory
 * @public
 */
export function makeInstallerImage(insFile = 'generic.ins'): Buffer {
  const text = Buffer.from('images/kernel.img 0x00000000\n');
  const image = Buffer.alloc(20 * sectorBytes);
  image.write(installerMark, 0, 'latin1');
  const root = directoryRecord('\u0000', 18, sectorBytes, true);
  image.writeUInt8(1, firstDescriptor);
  image.write(`${standardId}\u0001`, firstDescriptor + 1, 'latin1');
  root.copy(image, firstDescriptor + 156);
  image.writeUInt8(255, firstDescriptor + sectorBytes); // end of the descriptors
  image.write(`${standardId}\u0001`, firstDescriptor + sectorBytes + 1, 'latin1');
  const records = [
    root,
    directoryRecord('\u0001', 18, sectorBytes, true),
    directoryRecord(`${insFile.toUpperCase()};1`, 19, text.length, false),
  ];
  Buffer.concat(records).copy(image, 18 * sectorBytes);
  text.copy(image, 19 * sectorBytes);
  return image;
}

function directoryRecord(name: string, sector: number, bytes: number, isDirectory: boolean): Buffer {
  const record = Buffer.alloc(33 + name.length + ((name.length + 1) % 2));
  record.writeUInt8(record.length, 0);
  record.writeUInt32LE(sector, 2);
  record.writeUInt32BE(sector, 6);
  record.writeUInt32LE(bytes, 10);
  record.writeUInt32BE(bytes, 14);
  record.writeUInt8(isDirectory ? 2 : 0, 25);
  record.writeUInt8(name.length, 32);
  record.write(name, 33, 'latin1');
  return record;
}
