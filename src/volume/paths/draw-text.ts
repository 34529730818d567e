import type { PathRecord } from '../index.ts';
import { groupByLun, groups } from './groups.ts';
import type { LunPaths } from './groups.ts';
import { explainStates, wrap } from './state-notes.ts';
import type { StateNotes } from './state-notes.ts';

/** Every terminal has this many columns. */
const WIDTH = 80;

/**
 * Draws paths as text of 80 columns: for each volume and connector the initiators, and below each initiator its targets
 * with the state of the path. The states are explained at the end. A pure function; the order of the records does not
 * matter.
 */
export function drawText(paths: readonly PathRecord[]): string {
  if (paths.length === 0) return 'no paths\n';
  const notes = explainStates(paths, WIDTH);
  const drawings = groupByLun(paths).map((group) => drawLun(group, notes));
  return [...drawings, notes.lines].map((lines) => `${lines.join('\n')}\n`).join('\n');
}

function drawLun({ heading, paths }: LunPaths, notes: StateNotes): readonly string[] {
  const byInitiator = groups(paths, (path) => path.initiator_wwpn ?? 'not known');
  return [
    ...wrap(heading, ', ', WIDTH),
    ...byInitiator.flatMap(([initiator, ofInitiator], index) =>
      drawInitiator(initiator, ofInitiator, index === byInitiator.length - 1, notes),
    ),
  ];
}

function drawInitiator(
  initiator: string,
  paths: readonly PathRecord[],
  isLast: boolean,
  notes: StateNotes,
): readonly string[] {
  const device = paths.find((path) => path.device_number !== null)?.device_number;
  const fabric = paths.find((path) => path.fabric !== null)?.fabric;
  const facts = [
    `initiator ${initiator}`,
    ...(device === undefined ? [] : [`device ${device}`]),
    ...(fabric === undefined ? [] : [`fabric ${fabric}`]),
  ];
  const rows = paths.map((path, index) => {
    const branch = `${isLast ? ' ' : '|'}  ${index === paths.length - 1 ? '`' : '|'}- `;
    const target = path.target_wwpn === '' ? 'target not known' : `target ${path.target_wwpn}`;
    return `${branch}${[target, ...(path.device === null ? [] : [path.device]), notes.stateOf(path)].join('  ')}`;
  });
  return [`${isLast ? '`' : '|'}- ${facts.join('  ')}`, ...rows];
}
