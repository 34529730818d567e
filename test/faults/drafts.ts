import type { Failpoint } from '../../src/base/index.ts';
import { isVerb } from './flows.ts';
import { faultsOf, keyOf } from './kinds.ts';
import type { Row, UndoTrouble } from './run-row.ts';
import { namePoint, samePoint } from './traps.ts';
import type { Recording } from './strikes.ts';

/** A row, but for what it runs in; `key` is what at least one row of every choice has to show. */
export interface Draft extends Pick<Row, 'blow' | 'undo'> {
  readonly key: string;
}

const undoModes: readonly (UndoTrouble | undefined)[] = [
  undefined,
  { point: 'first', times: 'once' },
  { point: 'first', times: 'for good' },
];

/** Every request of every step × everything that can happen to it, once or for good × every way that its undo can go. */
export function faultDrafts(recording: Recording): readonly Draft[] {
  return everyFault(recording).flatMap((draft) => modesOf(recording).map((undo) => ({ ...draft, undo })));
}

/** A power operation and a verb that nobody journals have nothing to undo. */
function modesOf({ points }: Recording): readonly (UndoTrouble | undefined)[] {
  return points.some(({ flow }) => !isVerb(flow)) ? undoModes : [undefined];
}

/** On the way back, the fault is what the undo meets. */
export function backFaultDrafts(recording: Recording): readonly Draft[] {
  return everyFault(recording);
}

function everyFault({ strikes }: Recording): readonly Draft[] {
  return strikes.flatMap((strike) =>
    faultsOf(strike).map((fault): Draft => {
      return { key: keyOf(strike, fault), blow: { kind: 'fault', strike, fault }, undo: undefined };
    }),
  );
}

/**
 * Every step, with requests or without: the program itself fails, or its caller gives up, before it and after it; or the
 * array goes away.
 */
export function pointDrafts(recording: Recording): readonly Draft[] {
  const { points, maskedPoints } = recording;
  const isRun = ({ at }: Failpoint) => at === 'before-run' || at === 'after-run';
  const all = distinct(points).filter(isRun);
  const blows = [
    ...all.flatMap((point) => (['throw', 'cancel'] as const).map((kind) => ({ kind, point }))),
    ...distinct(maskedPoints)
      .filter(isRun)
      .map((point) => ({ kind: 'array-outage', point }) as const),
  ];
  return blows.flatMap((blow) =>
    modesOf(recording).map((undo) => ({ key: `${blow.kind} ${namePoint(blow.point)}`, blow, undo })),
  );
}

/** The flow fails, and each undo fails in turn, before and after its work: what failed after it is undone twice. */
export function undoDrafts({ points }: Recording, failsAt: Failpoint): readonly Draft[] {
  const undos = distinct(points).filter(({ at }) => at === 'before-undo' || at === 'after-undo');
  return undos.flatMap((point) =>
    (['once', 'for good'] as const).map((times) => ({
      key: `${namePoint(failsAt)}, ${namePoint(point)} ${times}`,
      blow: { kind: 'throw', point: failsAt } as const,
      undo: { point, times },
    })),
  );
}

/** Each point once, in the order in which they were passed. */
export function distinct(points: readonly Failpoint[]): readonly Failpoint[] {
  return points.filter((point, index) => points.findIndex((other) => samePoint(other, point)) === index);
}
