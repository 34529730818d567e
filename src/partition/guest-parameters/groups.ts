import { formatLunShort } from '../../base/index.ts';
import { FIELDS, GROUPS, ITEMS } from './form.ts';
import type { GuestPath } from './form.ts';

/** A group: every device reaches every LUN of every target. */
interface Group {
  readonly devices: readonly string[];
  readonly targets: readonly string[];
  readonly luns: Set<string>;
}

type Grouping = (pairs: readonly Pair[]) => readonly { readonly devices: string[]; readonly targets: string[] }[];
type Pair = readonly [device: string, target: string];

/**
 * Returns the shorter of two texts for exactly these paths. One groups vHBAs that see the same targets: shorter with
 * single-initiator zoning. The other groups targets that are seen by the same vHBAs: shorter if paths are missing.
 */
export function formatPaths(paths: readonly GuestPath[]): string {
  const byDevice: Grouping = (pairs) => bundle(pairs).map(([devices, targets]) => ({ devices, targets }));
  const byTarget: Grouping = (pairs) =>
    bundle(pairs.map(([device, target]) => [target, device] as const)).map(([targets, devices]) => ({
      devices,
      targets,
    }));
  const texts = [byDevice, byTarget].map((grouping) => formatGroups(groupPaths(paths, grouping)));
  return texts.reduce((shortest, text) => (text.length < shortest.length ? text : shortest));
}

function groupPaths(paths: readonly GuestPath[], grouping: Grouping): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const [lun, ofLun] of groupBy(paths, (path) => path.lun)) {
    const pairs = ofLun.map(({ deviceNumber, targetWwpn }): Pair => [deviceNumber, targetWwpn]);
    for (const { devices, targets } of grouping(pairs)) {
      const key = `${devices.join(ITEMS)}${FIELDS}${targets.join(ITEMS)}`;
      const group = groups.get(key) ?? { devices, targets, luns: new Set() };
      group.luns.add(formatLunShort(lun));
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

/** Groups pairs: first items that have the same second items form a group. */
function bundle(pairs: readonly Pair[]): readonly [string[], string[]][] {
  const seconds = new Map<string, Set<string>>();
  for (const [first, second] of pairs) seconds.set(first, (seconds.get(first) ?? new Set()).add(second));
  const sorted = [...seconds].map(([first, set]) => [first, [...set].toSorted()] as const);
  const bundles = groupBy(sorted, ([, list]) => list.join(ITEMS));
  return [...bundles.values()].map((members) => [members.map(([first]) => first).toSorted(), members[0]?.[1] ?? []]);
}

function formatGroups(groups: readonly Group[]): string {
  return groups
    .map(({ devices, targets, luns }) => [devices, targets, [...luns]].map((list) => list.join(ITEMS)).join(FIELDS))
    .join(GROUPS);
}

function groupBy<K, T>(items: readonly T[], keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
