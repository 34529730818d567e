import type { Draft } from './drafts.ts';
import { allFlows } from './flows.ts';

/** `FAULT_MATRIX=full` runs every row there is, `FAULT_MATRIX=keys` at least one of each step, request and fault. */
const isFull = process.env.FAULT_MATRIX === 'full';
const isKeys = process.env.FAULT_MATRIX === 'keys';
/** `FAULT_MATRIX_SEED` deals the rows out otherwise. */
const seed = process.env.FAULT_MATRIX_SEED ?? '';

/** Are they the rows whose number by cell is recorded? */
export const isRecordedSample = !isFull && !isKeys && seed === '';

/** Of what is shown elsewhere already, one key in so many is shown again, and one of each step in each world. */
const AGAIN = 100;

/**
 * Which rows are run. One of each key (step, request and fault; or step and point), so that everything is struck
 * everywhere; which repeat of the request, once or for good, and how the undo ends, is spread over the keys.
 */
export class Sample {
  readonly #shown = new Set<string>();
  readonly #steps = new Set<string>();
  readonly #isElsewhere: (draft: Draft) => boolean;
  readonly #oneKeyIn: number;
  readonly share: string;

  /**
   * @param isElsewhere - is this shown by another file?
   * @param oneKeyIn - so many keys have one that is shown, beside one of each step in each world
   */
  constructor(isElsewhere: (draft: Draft) => boolean = () => false, oneKeyIn = 1) {
    this.#isElsewhere = isElsewhere;
    this.#oneKeyIn = isKeys ? 1 : oneKeyIn;
    const part = this.#oneKeyIn === 1 ? '' : `, one such in ${oneKeyIn}`;
    this.share = isFull ? 'all' : `one of each step, request and fault${part}`;
  }

  /** Is it for this file to show it? */
  isOwn(draft: Draft): boolean {
    return isFull || !this.#isElsewhere(draft);
  }

  /** @param isAgain - does another file run the same scenario? */
  choose(drafts: readonly Draft[], title: string, scenario: string, isAgain: boolean): readonly Draft[] {
    if (isFull) return drafts;
    const groups = new Map<string, Draft[]>();
    for (const draft of drafts) groups.set(draft.key, [...(groups.get(draft.key) ?? []), draft]);
    return [...groups].flatMap(([key, group]) => {
      const turn = spread(`${seed}${title}, ${scenario}: ${key}`);
      const isSpread = Math.floor(turn / AGAIN) % this.#oneKeyIn !== 0;
      const isShown = isAgain || isSpread || this.#shown.has(key) || group.every(this.#isElsewhere);
      this.#shown.add(key);
      const step = `${title}: ${stepOf(group[0]!)}`; // no group is empty
      const isStepShown = this.#steps.has(step);
      this.#steps.add(step);
      return isShown && isStepShown && turn % AGAIN !== 0 ? [] : [group[Math.floor(turn / AGAIN) % group.length]!]; // neither here
    });
  }
}

/** FNV-1a: the same text gives the same choice, and near texts differ. */
function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/**
 * What Cinder is asked does not depend on the machine, but for what it is asked earlier on those with storage groups; nor
 * does what the HMC is asked of anything but storage.
 */
export function isShownOnOtherMachine({ blow }: Draft): boolean {
  if (blow.kind !== 'fault') return false;
  const { server, step, operation } = blow.strike;
  return server === 'cinder'
    ? step !== 'spawn/map-volumes'
    : server === 'hmc' && !/Storage|LUN Path|Connection/.test(operation);
}

/** `flow/step` at which it strikes; empty before the first step. */
export function stepOf({ blow }: Pick<Draft, 'blow'>): string {
  return blow.kind === 'fault' ? blow.strike.step : `${blow.point.flow}/${blow.point.step}`;
}

/** The two orders of a build share most of their steps: the very same step, under the name of another flow. */
export function isStepOfDeferredOrder({ blow }: Draft): boolean {
  const [flow = '', stepName] = stepOf({ blow }).split('/');
  if (flow === 'prepare-for-spawn') return true; // the first acts of a spawn
  const step = allFlows.find((each) => each.name === flow)?.steps.find((each) => each.name === stepName);
  const deferred = allFlows.filter((each) => each.name === 'build' || each.name === 'spawn');
  return step === undefined || deferred.some(({ steps }) => steps.includes(step));
}
