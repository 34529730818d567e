import type { Waiting } from '../../../base/index.ts';
import { HostDetachError } from '../errors.ts';
import { findMapAbove, removePath } from '../multipath.ts';
import type { FcContext } from './transport.ts';
import { attempt } from '../waiting.ts';
import { removeVolume } from './removal.ts';
import type { Removal } from './removal.ts';
import type { ScsiDisk } from './scsi-disks.ts';

/**
 * Removes exactly these disks, of any volume or map, for example after a failed attach. Keeps a map that has other paths.
 *
 * @throws HostDetachError that names the devices left behind
 */
export async function removeDisks(
  context: FcContext,
  { disks, addresses, isStale = false }: Pick<Removal, 'disks' | 'addresses' | 'isStale'>,
  waiting: Waiting,
): Promise<void> {
  const how = { force: true, isStale };
  const failures: Error[] = [];
  for (const group of await byMap(context, disks)) {
    await attempt(failures, waiting, async () => await removeGroup(context, group, how, waiting));
  }
  const units = { disks: [], addresses, map: undefined, ...how };
  await attempt(failures, waiting, async () => await removeVolume(context, units, waiting));
  throwTogether(failures);
}

function throwTogether(failures: readonly Error[]): void {
  if (failures.length === 0) return;
  const left = failures.flatMap((error) => (error instanceof HostDetachError ? error.leftBehind : [error.message]));
  throw new HostDetachError(`some devices could not be removed: ${left.join(', ')}`, left, {
    cause: new AggregateError(failures, 'some devices failed'),
  });
}

type Group = Pick<Removal, 'map' | 'disks'>;

async function byMap(context: FcContext, disks: readonly ScsiDisk[]): Promise<readonly Group[]> {
  const groups = new Map<string, Group>();
  for (const disk of disks) {
    const map = disk.block === undefined ? undefined : await findMapAbove(context.system, [disk.block]);
    const key = map?.block ?? '';
    groups.set(key, { map, disks: [...(groups.get(key)?.disks ?? []), disk] });
  }
  return [...groups.values()];
}

async function removeGroup(
  context: FcContext,
  { map, disks }: Group,
  how: Pick<Removal, 'force' | 'isStale'>,
  waiting: Waiting,
): Promise<void> {
  const blocks = disks.flatMap(({ block }) => block ?? []);
  const isOurs = map?.slaves.every((slave) => blocks.includes(slave)) ?? true;
  if (map === undefined || isOurs) {
    await removeVolume(context, { disks, addresses: [], map, ...how }, waiting);
    return;
  }
  const failures: Error[] = [];
  for (const disk of disks) {
    await attempt(failures, waiting, async () => {
      if (disk.block !== undefined) await removePath(context, disk.block, waiting);
      await removeVolume(context, { disks: [disk], addresses: [], map: undefined, ...how }, waiting);
    });
  }
  throwTogether(failures);
}
