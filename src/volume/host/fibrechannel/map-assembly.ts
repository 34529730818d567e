import { describeError } from '../../../base/index.ts';
import type { Waiting } from '../../../base/index.ts';
import { HostAttachError } from '../errors.ts';
import { addPath, findMap, findMapAbove } from '../multipath.ts';
import type { MultipathMap } from '../multipath.ts';
import { attempt, lookUntil } from '../waiting.ts';
import type { FcContext } from './transport.ts';
import type { ScsiDisk } from './scsi-disks.ts';

/**
 * Waits for the multipath map with all of these paths. Without `useMultipath`, uses a map that multipathd has already
 * made, because it claims the paths.
 *
 * @throws HostAttachError when multipath is required and there is no map
 */
export async function awaitMap(
  context: FcContext,
  wwid: string,
  disks: readonly ScsiDisk[],
  waiting: Waiting,
): Promise<{ readonly map: MultipathMap | undefined; readonly warnings: readonly string[] }> {
  const blocks = disks.flatMap(({ block }) => block ?? []);
  if (!context.useMultipath) return { map: await findMapAbove(context.system, blocks), warnings: [] };
  const map = await assemble(context, wwid, blocks, waiting);
  if (map === undefined && context.enforceMultipath) {
    throw new HostAttachError(`multipath is required, but multipathd has made no map of ${wwid}`, { wwid });
  }
  if (map === undefined) return { map, warnings: ['multipathd has made no map; a single path is used'] };
  const outside = blocks.filter((block) => !map.slaves.includes(block));
  return { map, warnings: outside.map((block) => `${block} is not in multipath map ${map.name}`) };
}

/** Waits half of the time for multipathd itself, then adds the missing paths and waits the other half. */
async function assemble(
  context: FcContext,
  wwid: string,
  blocks: readonly string[],
  waiting: Waiting,
): Promise<MultipathMap | undefined> {
  const policy = { ...context.policies.multipath, timeoutMs: context.policies.multipath.timeoutMs / 2 };
  const look = async (): Promise<MultipathMap | undefined> => await findMap(context.system, wwid);
  const isWhole = (map: MultipathMap | undefined): boolean => blocks.every((block) => map?.slaves.includes(block));
  const first = await lookUntil(policy, waiting, look, isWhole);
  if (isWhole(first)) return first;
  const outside = blocks.filter((block) => first?.slaves.includes(block) !== true);
  const failures: Error[] = [];
  for (const block of outside) await attempt(failures, waiting, async () => await addPath(context, block, waiting));
  for (const failure of failures) {
    context.log.warn({ event: 'host.multipath', wwid, error: describeError(failure) }, 'multipathd took no path');
  }
  if (failures.length === outside.length) return first;
  return await lookUntil(policy, waiting, look, isWhole);
}
