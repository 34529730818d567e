import { describeError } from '../../../base/index.ts';
import type { Waiting } from '../../../base/index.ts';
import { attempt } from '../waiting.ts';
import type { FcPort } from './fc-ports.ts';
import { removeDisks } from './rollback.ts';
import { describeAddress, without } from './scsi-disks.ts';
import type { LunAddress } from './scsi-disks.ts';
import type { FcContext } from './transport.ts';
import { survey } from './volume-on-host.ts';
import type { Presence } from './volume-on-host.ts';

interface Scan {
  /** The disks of the host before the scan. */
  readonly before: Presence;
  readonly wanted: readonly LunAddress[];
  readonly wwid: string | undefined;
  /** Ports whose targets were all scanned. */
  readonly ports: readonly FcPort[];
}

/**
 * Removes unused LUNs of other volumes that a scan of all targets added. These are disks that appeared since the scan began,
 * have the LUN of the scan, and match neither the addresses nor the identity of the wanted volume.
 *
 * @returns one line for each volume that could not be removed completely
 */
export async function removeStrangers(
  context: FcContext,
  { before, wanted, wwid: own, ports }: Scan,
  waiting: Waiting,
): Promise<readonly string[]> {
  if (ports.length === 0) return [];
  const scanned = new Set(ports.map(({ scsiHost }) => scsiHost));
  const luns = new Set(wanted.map(({ lun }) => lun));
  const { others } = await survey(context, wanted, own);
  const strangers = without(others, before.others).filter(
    ({ port, lun }) => scanned.has(port.scsiHost) && luns.has(lun),
  );
  if (strangers.length === 0) return [];
  context.log.warn(
    { event: 'host.scan', devices: strangers.map(describeAddress) },
    'a scan added LUNs of other volumes',
  );
  const failures: Error[] = [];
  // Remove all paths of a volume together, because its map uses them.
  for (const wwid of new Set(strangers.map((disk) => disk.wwid))) {
    const disks = strangers.filter((disk) => disk.wwid === wwid);
    await attempt(failures, waiting, async () => await removeDisks(context, { disks, addresses: [] }, waiting));
  }
  return failures.map(describeError);
}
