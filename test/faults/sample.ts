import type { Draft } from './drafts.ts';

/** `FAULT_MATRIX=full` runs every row there is. */
const isFull = process.env.FAULT_MATRIX === 'full';

/** Of what another scenario has shown already, one key in so many is shown again. */
const AGAIN = 8;

/**
 * Which rows are run. One of each key (step, request and fault; or step and point), so that everything is struck
 * everywhere; which repeat of the request, once or for good, and how the undo goes, is dealt out among the keys.
 */
export class Sample {
  readonly #shown = new Set<string>();
  readonly share = isFull ? 'all' : 'one of each step, request and fault';

  /** @param isAgain - does another file run the same requests? */
  choose(drafts: readonly Draft[], title: string, isAgain: boolean): readonly Draft[] {
    if (isFull) return drafts;
    const groups = new Map<string, Draft[]>();
    for (const draft of drafts) groups.set(draft.key, [...(groups.get(draft.key) ?? []), draft]);
    return [...groups].flatMap(([key, group]) => {
      const turn = spread(`${title}: ${key}`);
      const isShown = isAgain || this.#shown.has(key);
      this.#shown.add(key);
      return isShown && turn % AGAIN !== 0 ? [] : [group[Math.floor(turn / AGAIN) % group.length]!]; // no group is empty
    });
  }
}

/** FNV-1a: the same text gives the same choice, and near texts differ. */
function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
