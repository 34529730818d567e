import { NotFoundError } from '../../../base/index.ts';
import type { FcConnection } from '../../index.ts';
import type { ExtendOptions } from '../connector.ts';
import { deviceNode } from '../context.ts';
import { HostAttachError } from '../errors.ts';
import { findMap, resizeMap } from '../multipath.ts';
import type { MultipathMap } from '../multipath.ts';
import { lookUntil } from '../waiting.ts';
import type { FcContext } from './transport.ts';
import { describeAddress } from './scsi-disks.ts';
import type { ScsiDisk } from './scsi-disks.ts';
import { possibleAddresses, survey } from './volume-on-host.ts';
import type { Presence } from './volume-on-host.ts';

/**
 * Makes every path read its capacity again, then resizes the map. All paths must have the same size, because I/O beyond the
 * size of a path fails.
 *
 * @returns the size in bytes
 */
export async function extend(context: FcContext, connection: FcConnection, options: ExtendOptions): Promise<number> {
  const look = async (): Promise<Presence> => await survey(context, await possibleAddresses(context, connection));
  const before = await look();
  if (before.disks.length === 0)
    throw new NotFoundError('the volume has no path on this host, so it cannot be extended');
  refuseIfDown(before.disks);
  for (const disk of before.disks) await context.system.write(`${disk.sysfs}/rescan`, '1', options);
  const wanted = options.minSizeBytes ?? 0;
  const isGrown = ({ disks: [first, ...others] }: Presence): boolean =>
    first !== undefined && first.sizeBytes >= wanted && others.every(({ sizeBytes }) => sizeBytes === first.sizeBytes);
  const grown = await lookUntil(context.policies.resize, options, look, isGrown);
  const size = grown.disks[0]?.sizeBytes ?? 0;
  if (!isGrown(grown)) throw notGrown(grown.disks, wanted);
  if (grown.map !== undefined) await growMap(context, grown.map, size, options);
  return size;
}

function refuseIfDown(disks: readonly ScsiDisk[]): void {
  const down = disks.filter(({ state }) => state !== 'running');
  if (down.length === 0) return;
  const shown = down.map((disk) => `${describeAddress(disk)} is ${disk.state}`).join('; ');
  throw new HostAttachError(`a path that is down cannot read the new size: ${shown}`);
}

function notGrown(disks: readonly ScsiDisk[], wanted: number): HostAttachError {
  const sizes = disks.map(({ block, hctl, sizeBytes }) => `${deviceNode(block ?? hctl)} ${sizeBytes}`).join(', ');
  return new HostAttachError(`not every path shows the new size (wanted at least ${wanted} bytes): ${sizes}`, {
    wanted,
  });
}

async function growMap(context: FcContext, map: MultipathMap, size: number, options: ExtendOptions): Promise<void> {
  if (map.sizeBytes === size) return;
  await resizeMap(context, map, options);
  const look = async (): Promise<number | undefined> => (await findMap(context.system, map.wwid))?.sizeBytes;
  const now = await lookUntil(context.policies.resize, options, look, (seen) => seen === size);
  if (now !== size) throw new HostAttachError(`multipath map ${map.name} has ${now} bytes, its paths have ${size}`);
}
