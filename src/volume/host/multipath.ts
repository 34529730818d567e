import { describeError, retry } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { deviceNode, runCommand } from './context.ts';
import type { HostContext } from './context.ts';
import { readAttribute } from './system.ts';
import type { HostSystem } from './system.ts';

/** A device-mapper device that multipathd has made over the paths of a volume. */
export interface MultipathMap {
  /** `dm-0` */
  readonly block: string;
  /** `mpatha`, or the WWID where names are not user-friendly. */
  readonly name: string;
  readonly wwid: string;
  /** `sda`, … */
  readonly slaves: readonly string[];
  readonly sizeBytes: number;
}

const SECTOR_BYTES = 512;

/** Is multipathd there to make maps? It answers with status 0 even when it cannot be asked. */
export async function isMultipathRunning(context: HostContext, waiting: Waiting): Promise<boolean> {
  try {
    const answer = await runCommand(context, 'multipathd', ['show', 'status'], waiting);
    return !/error receiving packet|timeout/i.test(answer);
  } catch {
    waiting.signal.throwIfAborted();
    return false; // not installed, or not running: the same to us
  }
}

/** The map of this identity, found by its device-mapper UUID, which no setting of multipath changes. */
export async function findMap(system: HostSystem, wwid: string): Promise<MultipathMap | undefined> {
  return (await listMaps(system)).find((map) => map.wwid === wwid);
}

/** Every multipath map of this host. */
export async function listMaps(system: HostSystem): Promise<readonly MultipathMap[]> {
  const names = (await system.list('/sys/block')).filter((name) => /^dm-\d+$/.test(name));
  const maps = await Promise.all(names.map(async (name) => await readMap(system, name)));
  return maps.flatMap((map) => map ?? []);
}

/** The map on top of one of these path devices, if there is one. */
export async function findMapAbove(system: HostSystem, blocks: readonly string[]): Promise<MultipathMap | undefined> {
  for (const block of blocks) {
    for (const holder of await system.list(`/sys/block/${block}/holders`)) {
      const map = await readMap(system, holder);
      if (map !== undefined) return map;
    }
  }
  return undefined;
}

async function readMap(system: HostSystem, block: string): Promise<MultipathMap | undefined> {
  const base = `/sys/block/${block}`;
  const uuid = await readAttribute(system, `${base}/dm/uuid`);
  if (uuid?.startsWith('mpath-') !== true) return undefined;
  const wwid = uuid.slice('mpath-'.length);
  return {
    block,
    name: (await readAttribute(system, `${base}/dm/name`)) ?? wwid,
    wwid,
    slaves: await system.list(`${base}/slaves`),
    sizeBytes: Number((await readAttribute(system, `${base}/size`)) ?? 0) * SECTOR_BYTES,
  };
}

/** Tells multipathd of a path that it has not taken by itself. */
export async function addPath(context: HostContext, block: string, waiting: Waiting): Promise<void> {
  await runCommand(context, 'multipathd', ['add', 'path', deviceNode(block)], waiting);
}

/** Takes a path out of the map that holds it; the map goes on with the others. */
export async function removePath(context: HostContext, block: string, waiting: Waiting): Promise<void> {
  const answer = await runCommand(context, 'multipathd', ['del', 'path', deviceNode(block)], waiting);
  if (/fail|timeout/i.test(answer)) throw new Error(`multipathd did not let go of ${deviceNode(block)}`);
}

/**
 * Removes a map, and the maps of its partitions with it. multipath refuses while anybody holds it.
 *
 * @param force - stop queueing first, so that a map without working paths fails its I/O instead of waiting for ever
 */
export async function removeMap(
  context: HostContext,
  map: MultipathMap,
  force: boolean,
  waiting: Waiting,
): Promise<void> {
  const { policies, log } = context;
  if (force) await stopQueueing(context, map, waiting);
  await retry(async () => await runCommand(context, 'multipath', ['-f', map.name], waiting, policies.flushTimeoutMs), {
    what: `remove multipath map ${map.name}`,
    policy: {
      attempts: policies.flushAttempts,
      firstDelayMs: policies.removal.minDelayMs,
      maxDelayMs: policies.removal.maxDelayMs,
      factor: 2,
      budgetMs: policies.flushTimeoutMs,
    },
    signal: waiting.signal,
    isRetryable: () => true, // udev opens a map for a moment whenever it changes
    log,
  });
}

/** Best effort: without multipathd there is nobody to ask, and the map may still go. */
async function stopQueueing(context: HostContext, map: MultipathMap, waiting: Waiting): Promise<void> {
  try {
    await runCommand(context, 'multipathd', ['disablequeueing', 'map', map.name], waiting);
  } catch (error) {
    waiting.signal.throwIfAborted();
    context.log.warn({ event: 'host.multipath', map: map.name, error: describeError(error) }, 'map may still queue');
  }
}

/** A map keeps the mode that its paths had when it was loaded. */
export async function isMapReadOnly(system: HostSystem, { block }: MultipathMap): Promise<boolean> {
  return (await readAttribute(system, `/sys/block/${block}/ro`)) === '1';
}

/** Loads the map anew, with its paths as they are now. @remarks The word `reload` is of multipathd's manual page; unverified on hardware. */
export async function reloadMap(context: HostContext, map: MultipathMap, waiting: Waiting): Promise<void> {
  const answer = await runCommand(context, 'multipathd', ['reload', 'map', map.name], waiting);
  if (/fail|timeout/i.test(answer)) throw new Error(`multipathd did not reload map ${map.name}: ${answer.trim()}`);
}

/** After its paths have grown. */
export async function resizeMap(context: HostContext, map: MultipathMap, waiting: Waiting): Promise<void> {
  const answer = await runCommand(context, 'multipathd', ['resize', 'map', map.name], waiting);
  // It answers "fail" with status 0.
  if (/fail|timeout/i.test(answer)) throw new Error(`multipathd did not resize map ${map.name}: ${answer.trim()}`);
}
