import { betweenFabrics } from '../index.ts';
import type { PathRecord, PathState } from '../index.ts';
import type { LineStyle } from './svg.ts';

/** What a line of a picture stands for: a state, or a pair of ports in different fabrics, which is not a fault. */
export type LineKind = PathState | 'other-fabric';

interface Look extends LineStyle {
  readonly meaning: string;
}

const [green, blue, amber, red, purple, gray] = ['#1a7f37', '#0969da', '#9a6700', '#cf222e', '#8250df', '#a0a9b3'];

/**
 * The look of each kind of line, from healthy to faulty; the best one colours a port. Every kind differs from the others
 * in colour, and the healthy ones differ from the faulty ones in dashes too.
 */
const looks: Readonly<Record<LineKind, Look>> = {
  active: { color: green, dash: '', width: 2.5, meaning: 'tested: the LUN answers' },
  configured: { color: blue, dash: '', width: 2.5, meaning: 'no fault is visible; not tested' },
  idle: { color: green, dash: '14 4', width: 2, meaning: 'no fault is visible; the partition is not running' },
  'adapter-down': { color: amber, dash: '2 4', width: 2, meaning: 'the adapter or its port does not work' },
  offline: { color: amber, dash: '8 4', width: 2, meaning: 'the kernel has failed or blocked the SCSI device' },
  'lun-unreachable': { color: red, dash: '8 4', width: 2, meaning: 'the target answers, the LUN does not' },
  'target-unreachable': { color: red, dash: '2 4', width: 2, meaning: 'the initiator does not see the target' },
  'other-volume': { color: purple, dash: '8 4', width: 2, meaning: 'a different volume answers' },
  missing: { color: red, dash: '1 6', width: 2, meaning: 'the host has no SCSI device for the path' },
  'other-fabric': { color: gray, dash: '2 6', width: 1.5, meaning: 'not a fault: the ports are in different fabrics' },
};

const kinds = Object.keys(looks) as LineKind[]; // the keys of the record above

export function kindOf({ state, detail }: PathRecord): LineKind {
  return state === 'target-unreachable' && detail.includes(betweenFabrics) ? 'other-fabric' : state;
}

export function lookOf(kind: LineKind): Look {
  return looks[kind];
}

/** Returns the kinds of these paths, from healthy to faulty. */
export function kindsOf(paths: readonly PathRecord[]): readonly LineKind[] {
  const found = new Set(paths.map(kindOf));
  return kinds.filter((kind) => found.has(kind));
}
