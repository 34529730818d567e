/**
 * A source of numbers in [0, 1), as `Math.random` but repeatable.
 * @public
 */
export type Random = () => number;

/**
 * Makes a repeatable source of numbers: equal seeds give equal sequences.
 *
 * mulberry32, a public-domain generator of 32 bits of state: a simulator needs to be repeatable, not unguessable.
 * @param seed - any number; only its 32-bit integer part counts
 * @public
 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An integer in [0, `below`). */
export function randomInteger(random: Random, below: number): number {
  return Math.floor(random() * below);
}

/** `digits` lower-case hex digits. */
export function randomHex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => randomInteger(random, 16).toString(16)).join('');
}

/** A lower-case UUID of version 4, as object-ids of an HMC and ids of OpenStack look. */
export function randomUuid(random: Random): string {
  const variant = (8 + randomInteger(random, 4)).toString(16);
  const hex = (digits: number): string => randomHex(random, digits);
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
}

/** The same items in an order that depends on `random` alone (Fisher-Yates). */
export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
