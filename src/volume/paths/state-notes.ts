import type { PathRecord } from '../index.ts';
import { compare, groups } from './groups.ts';

/** Explains the states of paths below a drawing or table, so that each line stays short. */
export interface StateNotes {
  /** Returns the state of a path, with a number if paths in this state have different causes: `lun-unreachable (2)`. */
  readonly stateOf: (path: PathRecord) => string;
  /** `state: cause`, one note for each state and cause, wrapped to the width. */
  readonly lines: readonly string[];
}

/** Collects the causes of the states that occur, sorted. A pure function. */
export function explainStates(paths: readonly PathRecord[], width: number): StateNotes {
  const labels = new Map<string, string>();
  const lines: string[] = [];
  for (const [state, inState] of groups(paths, (path) => path.state)) {
    const details = [...new Set(inState.map(({ detail }) => detail))].toSorted(compare);
    for (const [index, detail] of details.entries()) {
      const label = details.length === 1 ? state : `${state} (${index + 1})`;
      labels.set(`${state} ${detail}`, label);
      lines.push(...wrap(`${label}: ${detail}`.split(' '), ' ', width));
    }
  }
  return { stateOf: (path) => labels.get(`${path.state} ${path.detail}`) ?? path.state, lines };
}

/** Joins parts to lines of at most this width, where the parts allow it. Later lines are indented. */
export function wrap(parts: readonly string[], separator: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const part of parts) {
    const longer: string = line === undefined ? part : `${line}${separator}${part}`;
    if (line === undefined || longer.length <= width) line = longer;
    else {
      lines.push(`${line}${separator}`.trimEnd());
      line = `    ${part}`;
    }
  }
  return line === undefined ? lines : [...lines, line];
}
