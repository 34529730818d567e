import { describeError, retry } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { CommandError, deviceNode, runCommand } from './context.ts';
import type { HostContext } from './context.ts';
import { readAttribute } from './system.ts';
import type { HostSystem } from './system.ts';
import { lookUntil } from './waiting.ts';

/** A device-mapper device that multipathd made over the paths of a volume. */
export interface MultipathMap {
  /** `dm-0` */
  readonly block: string;
  /** `mpatha`, or the WWID without user-friendly names. */
  readonly name: string;
  readonly wwid: string;
  /** `sda`, … */
  readonly slaves: readonly string[];
  readonly sizeBytes: number;
}

const SECTOR_BYTES = 512;
/** What the multipathd client prints if the daemon does not answer. Its exit status is 0 even then. */
const noAnswer = /error receiving packet|timeout/i;

/** Whether multipathd runs. The command ends with status 0 even when multipathd does not answer. */
export async function isMultipathRunning(context: HostContext, waiting: Waiting): Promise<boolean> {
  try {
    return !noAnswer.test(await ask(context, ['show', 'status'], waiting));
  } catch {
    waiting.signal.throwIfAborted();
    return false; // not installed, or not running
  }
}

/** Finds the map of this identity by its device-mapper UUID, which does not depend on multipath's settings. */
export async function findMap(system: HostSystem, wwid: string): Promise<MultipathMap | undefined> {
  return (await listMaps(system)).find((map) => map.wwid === wwid);
}

export async function listMaps(system: HostSystem): Promise<readonly MultipathMap[]> {
  const names = (await system.list('/sys/block')).filter((name) => /^dm-\d+$/.test(name));
  const maps = await Promise.all(names.map(async (name) => await readMap(system, name)));
  return maps.flatMap((map) => map ?? []);
}

/** Finds a map that uses one of these path devices. */
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

/**
 * Replies of multipathd while it reloads its configuration, or while another process has the map open. Source:
 * multipath-tools multipathd/uxlsnr.c, default_reply; os-brick initiator/linuxscsi.py, multipath_resize_map.
 */
const BUSY = /timeout|map or partition in use/i;

class BusyError extends Error {}

/**
 * Sends a command to multipathd, and retries while multipathd is busy. The exit status of a busy reply depends on the
 * version.
 */
async function ask(context: HostContext, args: readonly string[], waiting: Waiting): Promise<string> {
  const what = `multipathd ${args.join(' ')}`;
  const work = async (): Promise<string> => {
    const answer = await runCommand(context, 'multipathd', args, waiting);
    if (BUSY.test(answer)) throw new BusyError(`${what}: ${answer.trim().replaceAll('\n', ', ')}`);
    return answer;
  };
  const { policies, log } = context;
  const isRetryable = (error: Error): boolean =>
    error instanceof BusyError || (error instanceof CommandError && BUSY.test(error.output));
  return await retry(work, { what, policy: policies.holders, signal: waiting.signal, isRetryable, log });
}

/**
 * Sends a command to multipathd, which reports failure with status 0 and the answer `fail`.
 *
 * @throws Error with `failure`
 */
async function command(context: HostContext, args: readonly string[], failure: string, w: Waiting): Promise<void> {
  const answer = await ask(context, args, w);
  if (/fail/i.test(answer)) throw new Error(`multipathd did not ${failure}: ${answer.trim()}`);
}

/**
 * Adds a path that multipathd has not found.
 *
 * @returns why multipathd refused the path; undefined if it accepted the path. It may still create no map, for example with
 * `find_multipaths strict`. Source: multipath-tools libmultipath/wwids.c.
 */
export async function addPath(context: HostContext, block: string, waiting: Waiting): Promise<string | undefined> {
  return refusalOf(await ask(context, ['add', 'path', deviceNode(block)], waiting));
}

/**
 * Makes multipathd create the map of a volume from the paths that it knows, with any value of `find_multipaths`. Source:
 * multipath-tools multipathd/cli_handlers.c.
 *
 * @returns why multipathd refused
 */
export async function addMap(context: HostContext, wwid: string, waiting: Waiting): Promise<string | undefined> {
  return refusalOf(await ask(context, ['add', 'map', wwid], waiting));
}

/** The reason when multipathd refuses a path or map because of its blacklist. */
export const blacklisted = 'excluded by the blacklist of multipath.conf (see "multipathd show blacklist")';

/** @throws Error when multipathd does not answer */
function refusalOf(answer: string): string | undefined {
  const text = answer.trim();
  if (noAnswer.test(text)) throw new Error(`multipathd does not answer: ${text}`);
  if (/^ok$/i.test(text) || text === '') return undefined;
  if (/blacklisted/i.test(text)) return blacklisted;
  return `multipathd answers "${text.slice(0, 200)}"`;
}

/**
 * Removes a path from its map. The map keeps its other paths. multipathd may answer that it removes the path later ("delayed").
 * Source: multipath-tools multipathd/cli_handlers.c.
 *
 * @throws Error when the path is still in a map after the wait
 */
export async function removePath(context: HostContext, block: string, waiting: Waiting): Promise<void> {
  const node = deviceNode(block);
  await command(context, ['del', 'path', node], `release ${node}`, waiting);
  const look = async (): Promise<MultipathMap | undefined> => await findMapAbove(context.system, [block]);
  const map = await lookUntil(context.policies.removal, waiting, look, (above) => above === undefined);
  if (map !== undefined)
    throw new Error(`multipathd did not release ${node}: it is still in multipath map ${map.name}`);
}

/**
 * Removes a map with the maps of its partitions. multipath refuses while the map is in use.
 *
 * @param force - stop queueing first, so that I/O to a map without working paths fails instead of waiting forever
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
    policy: { ...policies.holders, budgetMs: policies.flushTimeoutMs },
    signal: waiting.signal,
    isRetryable: () => true, // udev opens a map briefly after each change
    log,
  });
}

/** Only logs a failure, because the map may be removable even without multipathd. */
async function stopQueueing(context: HostContext, map: MultipathMap, waiting: Waiting): Promise<void> {
  try {
    await ask(context, ['disablequeueing', 'map', map.name], waiting);
  } catch (error) {
    waiting.signal.throwIfAborted();
    context.log.warn({ event: 'host.multipath', map: map.name, error: describeError(error) }, 'map may still queue');
  }
}

/** Whether a map is read-only. A map keeps the mode that its paths had when it was loaded. */
export async function isMapReadOnly(system: HostSystem, { block }: MultipathMap): Promise<boolean> {
  return (await readAttribute(system, `/sys/block/${block}/ro`)) === '1';
}

/** Reloads a map with its current paths. @remarks `reload` is from multipathd's manual page; unverified on hardware. */
export async function reloadMap(context: HostContext, { name }: MultipathMap, waiting: Waiting): Promise<void> {
  await command(context, ['reload', 'map', name], `reload map ${name}`, waiting);
}

/** Resizes a map after its paths have grown. */
export async function resizeMap(context: HostContext, { name }: MultipathMap, waiting: Waiting): Promise<void> {
  await command(context, ['resize', 'map', name], `resize map ${name}`, waiting);
}
