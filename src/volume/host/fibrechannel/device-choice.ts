import { describeError, RetriesExhaustedError, retry } from '../../../base/index.ts';
import type { Waiting } from '../../../base/index.ts';
import { readFirstBlock } from '../block-device.ts';
import { deviceNode } from '../context.ts';
import { HostAttachError } from '../errors.ts';
import type { MultipathMap } from '../multipath.ts';
import { follow } from '../system.ts';
import type { HostSystem } from '../system.ts';
import { byPathNames } from './by-path.ts';
import type { FcContext } from './transport.ts';
import type { ScsiDisk } from './scsi-disks.ts';

/**
 * Returns the device to use: the map, else the first readable path. A standby path of an array answers, but cannot be read.
 * Retries if no device can be read, because a path may be changing its state. Source: os-brick
 * initiator/connectors/fibre_channel.py, which checks the devices at each attempt.
 *
 * @throws HostAttachError when no device can be read
 */
export async function chooseDevice(
  context: FcContext,
  disks: readonly ScsiDisk[],
  map: MultipathMap | undefined,
  waiting: Waiting,
): Promise<string> {
  const choose = async (): Promise<string> => await firstReadable(context, disks, map, waiting);
  const { policies, log } = context;
  try {
    const policy = policies.holders;
    const isRetryable = (error: Error): boolean => error instanceof HostAttachError;
    return await retry(choose, { what: 'read the volume', policy, signal: waiting.signal, isRetryable, log });
  } catch (error) {
    throw error instanceof RetriesExhaustedError ? error.cause : error;
  }
}

/** @throws HostAttachError */
async function firstReadable(
  context: FcContext,
  disks: readonly ScsiDisk[],
  map: MultipathMap | undefined,
  waiting: Waiting,
): Promise<string> {
  const failures: string[] = [];
  const blocks = map === undefined ? disks.flatMap(({ block }) => block ?? []) : [map.block];
  for (const block of blocks) {
    try {
      await readFirstBlock(context, block, waiting);
      const disk = disks.find((each) => each.block === block);
      return disk === undefined ? await mapPath(context.system, map, block) : await diskPath(context.system, disk);
    } catch (error) {
      waiting.signal.throwIfAborted();
      failures.push(`${deviceNode(block)}: ${describeError(error)}`);
    }
  }
  throw new HostAttachError(`the volume was found, but cannot be read: ${failures.join('; ')}`);
}

/** Returns the persistent name of a map if udev made one, else its node. */
async function mapPath(system: HostSystem, map: MultipathMap | undefined, block: string): Promise<string> {
  const stable = map === undefined ? [] : [`/dev/disk/by-id/dm-uuid-mpath-${map.wwid}`, `/dev/mapper/${map.name}`];
  return (await firstThatLeadsTo(system, stable, deviceNode(block))) ?? deviceNode(block);
}

/** Returns the name of the disk in `/dev/disk/by-path`, else its node. */
export async function diskPath(system: HostSystem, disk: ScsiDisk): Promise<string> {
  const { port, targetWwpn, lun, block } = disk;
  const names = byPathNames(port.pathPrefix, targetWwpn, lun);
  if (block === undefined) return names[0] ?? disk.sysfs; // the name that udev will create
  return (await firstThatLeadsTo(system, names, deviceNode(block))) ?? deviceNode(block);
}

async function firstThatLeadsTo(
  system: HostSystem,
  names: readonly string[],
  node: string,
): Promise<string | undefined> {
  for (const name of names) {
    if ((await follow(system, name)) === node) return name;
  }
  return undefined;
}
