import type { Wwpn } from '../../base/index.ts';
import type { FcConnection, FcTarget } from './connection-info.ts';
import { NoUsableTargetError } from './errors.ts';
import { loginAdvice } from './login-hint.ts';

/** A path from an initiator port of the partition to a LUN behind a target port. */
export interface FcPath extends FcTarget {
  readonly initiatorWwpn: Wwpn;
}

/** A path that is not used. `targetWwpn` is undefined when the whole initiator is excluded. */
export interface ExcludedPath {
  readonly initiatorWwpn: Wwpn;
  readonly targetWwpn: Wwpn | undefined;
  readonly reason: string;
}

export interface PathSelection {
  /** In boot order. */
  readonly paths: readonly FcPath[];
  readonly excluded: readonly ExcludedPath[];
  /** Why the first path comes first. */
  readonly reason: string;
}

export interface SelectionRules {
  /** Initiators of the partition, in the order of the configured adapter ports. The first is preferred for boot. */
  readonly initiators: readonly Wwpn[];
  readonly ignoredTargets: ReadonlySet<Wwpn>;
}

/**
 * Returns every usable path of a volume in boot order, and the excluded ones with reasons. A pure function.
 *
 * The boot order alternates the initiators: the preferred initiator with its first target, the next initiator with its
 * second target, and so on. So the second boot attempt uses another port and another target. Targets are sorted, because
 * some back ends list them in a different order on each call (PowerMax, NetApp; cinder volume/drivers).
 *
 * @throws NoUsableTargetError with the reason of each exclusion, when no path is left
 */
export function selectPaths(connection: FcConnection, rules: SelectionRules): PathSelection {
  const excluded: ExcludedPath[] = [];
  const perInitiator = rules.initiators.map((initiatorWwpn, position) => {
    const targets = targetsFor(connection, initiatorWwpn, excluded);
    const usable = targets
      .filter(({ targetWwpn }) => {
        const isIgnored = rules.ignoredTargets.has(targetWwpn);
        if (isIgnored) excluded.push({ initiatorWwpn, targetWwpn, reason: 'in target_wwpn_ignore_list' });
        return !isIgnored;
      })
      .toSorted((a, b) => compare(a.targetWwpn, b.targetWwpn) || compare(a.lun, b.lun))
      .map((target): FcPath => ({ initiatorWwpn, ...target }));
    return rotate(usable, position);
  });
  const paths = roundRobin(perInitiator);
  const [first] = paths;
  if (first === undefined) throw nothingLeft(connection, rules, excluded);
  return { paths, excluded, reason: explain(first, rules, paths.length, excluded) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function targetsFor(connection: FcConnection, initiatorWwpn: Wwpn, excluded: ExcludedPath[]): readonly FcTarget[] {
  if (connection.targetsOf === undefined) return connection.targets;
  const mapped = connection.targetsOf.get(initiatorWwpn);
  if (mapped !== undefined && mapped.length > 0) return mapped;
  const reason = mapped === undefined ? 'not in initiator_target_map' : 'initiator_target_map gives it no target';
  excluded.push({ initiatorWwpn, targetWwpn: undefined, reason });
  return [];
}

function rotate<T>(list: readonly T[], by: number): readonly T[] {
  const start = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

function roundRobin(lists: readonly (readonly FcPath[])[]): readonly FcPath[] {
  const rounds = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: rounds }, (_, round) => lists.flatMap((list) => list.slice(round, round + 1))).flat();
}

function explain(first: FcPath, rules: SelectionRules, count: number, excluded: readonly ExcludedPath[]): string {
  const position = rules.initiators.indexOf(first.initiatorWwpn) + 1;
  const port =
    position === 1
      ? 'the preferred adapter port'
      : `adapter port ${position}, since no earlier one has a usable target`;
  const out = excluded.length === 0 ? '' : `; ${excluded.length} excluded`;
  return `initiator ${first.initiatorWwpn} is ${port}; target ${first.targetWwpn} is its first choice among ${count} ${count === 1 ? 'path' : 'paths'}${out}`;
}

function nothingLeft(connection: FcConnection, rules: SelectionRules, excluded: readonly ExcludedPath[]) {
  const why = excluded.map(({ initiatorWwpn, targetWwpn, reason }) =>
    targetWwpn === undefined ? `${initiatorWwpn}: ${reason}` : `${initiatorWwpn} to ${targetWwpn}: ${reason}`,
  );
  const subject = connection.volumeId === undefined ? 'the volume' : `volume ${connection.volumeId}`;
  const advice =
    connection.targetsOf !== undefined && rules.initiators.every((wwpn) => !connection.targetsOf?.has(wwpn))
      ? ` (Cinder mapped none of the initiators that it was given: ${loginAdvice})`
      : '';
  return new NoUsableTargetError(
    `${subject} has no usable path: ${why.join('; ') || 'there is no initiator'}${advice}`,
    {
      volumeId: connection.volumeId,
      initiators: rules.initiators,
      targets: connection.targets.map((target) => target.targetWwpn),
    },
  );
}
