import { randomHex, randomInteger, randomUuid, type Random } from '../../server/index.ts';
import { refuse } from './refusal.ts';

/** The state of a {@link WwpnPool}. */
export interface WwpnState {
  readonly prefix: string;
  readonly next: number;
  readonly free: readonly string[];
}

/**
 * Hands out initiator WWPNs as DPM does: `c05076…`, unique on the machine.
 *
 * NAA 12 (locally assigned) with IBM's OUI 005076, as in every public sample. The digits after it are drawn once per machine; numbers then
 * rise in small irregular steps, so that nobody can rely on neighbours.
 */
export class WwpnPool {
  readonly #random: Random;
  #prefix: string;
  readonly #reuse: boolean;
  readonly #free: string[] = [];
  #next = 0x8000;

  /** @param reuse - hand freed WWPNs out again, oldest first, before new ones */
  constructor(random: Random, reuse: boolean) {
    this.#random = random;
    this.#reuse = reuse;
    this.#prefix = `c05076${randomHex(random, 4)}`;
  }

  /** What a restarted pool continues with. */
  get state(): WwpnState {
    return { prefix: this.#prefix, next: this.#next, free: this.#free };
  }

  restore({ prefix, next, free }: WwpnState): void {
    this.#prefix = prefix;
    this.#next = next;
    this.#free.push(...free);
  }

  /** A WWPN that no other port has: 16 lower-case hex digits. */
  take(): string {
    const freed = this.#reuse ? this.#free.shift() : undefined;
    if (freed !== undefined) return freed;
    this.#next += 1 + randomInteger(this.#random, 7);
    return this.#prefix + this.#next.toString(16).padStart(6, '0');
  }

  /** Gives WWPNs back. */
  release(wwpns: readonly string[]): void {
    if (this.#reuse) this.#free.push(...wwpns);
  }
}

/** Makes object-ids and element-ids: lower-case UUIDs. */
export class IdSource {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A new UUID. */
  next(): string {
    return randomUuid(this.#random);
  }
}

/** First device numbers that DPM proposes, as peers show them: `8000` and up for vHBAs, `0001` and up for NICs (inferred). */
export const firstDeviceNumber = { storage: 0x8000, network: 0x0001 };

const lastDeviceNumber = 0xffff;

/**
 * The first of `count` free device numbers in a row, from `first` on: 4 lower-case hex digits.
 * @param used - numbers in use in the same namespace of the partition
 */
export function freeDeviceNumber(used: ReadonlySet<number>, first: number, count = 1): string {
  for (let candidate = first; candidate + count - 1 <= lastDeviceNumber; candidate += 1) {
    if (isFreeRange(used, candidate, count)) return formatDeviceNumber(candidate);
  }
  return refuse('notUnique', 'no free device number is left in the partition');
}

/** Whether `count` numbers from `first` on are free. */
export function isFreeRange(used: ReadonlySet<number>, first: number, count: number): boolean {
  return Array.from({ length: count }, (_, index) => first + index).every((number) => !used.has(number));
}

/** Four lower-case hex digits. */
function formatDeviceNumber(number: number): string {
  return number.toString(16).padStart(4, '0');
}
