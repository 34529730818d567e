import { HmcHttpError } from './errors/index.ts';

/** Abilities that differ by level. Refusals are remembered. */
export type Ability = 'additional-properties' | 'submit' | `properties:${string}`;

/**
 * What an HMC can do: its API version from the logon, and what it has refused since. Each logon starts anew, because it
 * may be another HMC, or the same one after an update.
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
 * Whether the HMC refuses a query parameter (400.1) or a name in it (400.14). Source: python-zhmcclient _resource.py,
 * pull_properties.
 */
export function refusesQuery(error: unknown): boolean {
  return error instanceof HmcHttpError && error.status === 400 && (error.reason === 1 || error.reason === 14);
}
