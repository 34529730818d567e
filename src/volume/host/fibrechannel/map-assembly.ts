import { describeError } from '../../../base/index.ts';
import type { Waiting } from '../../../base/index.ts';
import { askIdentity } from '../block-device.ts';
import { deviceNode } from '../context.ts';
import { HostAttachError } from '../errors.ts';
import { addMap, addPath, blacklisted, findMap, findMapAbove } from '../multipath.ts';
import type { MultipathMap } from '../multipath.ts';
import { attempt, lookUntil } from '../waiting.ts';
import { hasIdentity } from './identity.ts';
import type { FcContext } from './transport.ts';
import type { ScsiDisk } from './scsi-disks.ts';

/**
 * Waits for the multipath map with all of these paths. Without `useMultipath`, uses a map only if multipathd has already
 * created it, because the map claims the paths.
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
  const { map, reasons } = await assemble(context, wwid, disks, waiting);
  const why = describe(reasons);
  if (map === undefined && context.enforceMultipath) {
    throw new HostAttachError(`multipath is required, but multipathd has not created a map of ${wwid}${why}`, { wwid });
  }
  if (map === undefined) return { map, warnings: [`multipathd has not created a map; a single path is used${why}`] };
  const outside = blocks.filter((block) => !map.slaves.includes(block));
  const becauseOf = (block: string): string => (reasons.has(block) ? `: ${reasons.get(block)}` : '');
  return { map, warnings: outside.map((block) => `${block} is not in multipath map ${map.name}${becauseOf(block)}`) };
}

/** Returns each reason once, with the devices that it applies to. */
function describe(reasons: Assembled['reasons']): string {
  const texts = [...new Set(reasons.values())].map((reason) => {
    const blocks = [...reasons].flatMap(([block, each]) => (each === reason ? [deviceNode(block)] : []));
    return `${blocks.join(', ')}: ${reason}`;
  });
  return texts.length === 0 ? '' : `: ${texts.join('; ')}`;
}

interface Assembled {
  readonly map: MultipathMap | undefined;
  /** The reason why multipathd refused a path, by block device. */
  readonly reasons: ReadonlyMap<string, string>;
}

/**
 * Waits for half of the time until multipathd creates the map by itself. Then adds the missing paths, requests the map by its
 * WWID if there is none, and waits for the other half. Relies on the map and its paths, not on the replies of multipathd.
 */
async function assemble(
  context: FcContext,
  wwid: string,
  disks: readonly ScsiDisk[],
  waiting: Waiting,
): Promise<Assembled> {
  const blocks = disks.flatMap(({ block }) => block ?? []);
  const policy = { ...context.policies.multipath, timeoutMs: context.policies.multipath.timeoutMs / 2 };
  const look = async (): Promise<MultipathMap | undefined> =>
    (await findMap(context.system, wwid)) ?? (await findRenamedMap(context, disks, waiting));
  const isWhole = (map: MultipathMap | undefined): boolean => blocks.every((block) => map?.slaves.includes(block));
  const first = await lookUntil(policy, waiting, look, isWhole);
  const reasons = new Map<string, string>();
  if (isWhole(first)) return { map: first, reasons };
  const missing = blocks.filter((each) => first?.slaves.includes(each) !== true);
  const failures: Error[] = [];
  for (const block of missing)
    await attempt(failures, waiting, async () => {
      const reason = await addPath(context, block, waiting);
      if (reason !== undefined) reasons.set(block, reason);
    });
  const isAnswered = failures.length < missing.length;
  const map = isAnswered ? await look() : first;
  const isExcluded = missing.every((block) => reasons.get(block) === blacklisted);
  if (isAnswered && !isExcluded && map === undefined)
    await attempt(failures, waiting, async () => {
      const refusal = await requestMap(context, wwid, blocks, waiting);
      if (refusal !== undefined)
        context.log.warn({ event: 'host.multipath', wwid, refusal }, 'multipathd did not create a map');
    });
  for (const failure of failures)
    context.log.warn(
      { event: 'host.multipath', wwid, error: describeError(failure) },
      'multipathd did not accept a path',
    );
  if (!isAnswered || isExcluded) return { map, reasons };
  return { map: await lookUntil(policy, waiting, look, isWhole), reasons };
}

/** Requests the map by the identity that udev, and so multipath, uses for the volume. @returns why it was refused */
async function requestMap(
  context: FcContext,
  wwid: string,
  [first]: readonly string[],
  waiting: Waiting,
): Promise<string | undefined> {
  const answer = first === undefined ? undefined : await askIdentity(context, first, waiting);
  return await addMap(context, answer?.kind === 'told' ? answer.wwid : wwid, waiting);
}

/** Finds a map whose name is another identity of the same volume than the kernel's. Ignores maps of other volumes. */
async function findRenamedMap(
  context: FcContext,
  disks: readonly ScsiDisk[],
  waiting: Waiting,
): Promise<MultipathMap | undefined> {
  for (const disk of disks) {
    const map = disk.block === undefined ? undefined : await findMapAbove(context.system, [disk.block]);
    if (map === undefined) continue;
    if (await hasIdentity(context, disk, map.wwid, waiting)) return map;
    const answer = await askIdentity(context, disk.block ?? '', waiting);
    if (answer?.kind === 'told' && answer.wwid === map.wwid) return map;
  }
  return undefined;
}
