import { HmcHttpError } from './errors/index.ts';

/** Abilities that differ by level, and are remembered once an HMC has refused them. */
export type Ability = 'additional-properties' | 'submit' | `properties:${string}`;

/**
 * What an HMC can do: its API version as the logon told it, and what it refused since. A fresh logon starts afresh, as
 * it may be another HMC, or the same after an update.
 */
export class HmcLevel {
  readonly major: number;
  readonly minor: number;
  readonly #refused = new Set<Ability>();

  constructor(major: number, minor: number) {
    this.major = major;
    this.minor = minor;
  }

  isAtLeast(major: number, minor: number): boolean {
    return this.major > major || (this.major === major && this.minor >= minor);
  }

  can(ability: Ability): boolean {
    return !this.#refused.has(ability);
  }

  cannot(ability: Ability): void {
    this.#refused.add(ability);
  }
}

/**
 * 400.1: the query parameter is not known; 400.14: a name in it is not. Source: python-zhmcclient _resource.py,
 * pull_properties.
 */
export function refusesQuery(error: unknown): boolean {
  return error instanceof HmcHttpError && error.status === 400 && (error.reason === 1 || error.reason === 14);
}
