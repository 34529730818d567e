import { inspect } from 'node:util';

/** What stands in the place of a secret wherever it would be shown. */
export const BLANKED = '***';

/**
 * A value that cannot be shown by accident: text, JSON, a log line and the debugger all get `***`.
 * Only {@link Secret.reveal} gives it, at the place where it goes on the wire.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. Call it only where it is put on the wire. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return BLANKED;
  }

  toJSON(): string {
    return BLANKED;
  }

  [inspect.custom](): string {
    return BLANKED;
  }
}

const secretKeys = new Set([
  'password',
  'new-password',
  'current-password',
  'adminpass',
  'admin_password',
  'secret',
  'api-session',
  'session-credential',
  'shared-secret-key',
  'x-api-session',
  'x-auth-token',
  'x-subject-token',
  'x-service-token',
  'authorization',
  'boot-ftp-password',
  'ssc-master-pw',
  'auth_password',
  'discovery_auth_password',
  'application_credential_secret',
  'hmc_password',
]);

/** Is this the name of a field, header or setting whose value must never be shown? */
export function isSecretKey(key: string): boolean {
  return secretKeys.has(key.toLowerCase());
}

/** A copy of plain JSON in which the value of every secret field is blanked, at any depth. */
export function blankSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(blankSecrets);
  if (value === null || typeof value !== 'object' || value instanceof Secret) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, isSecretKey(key) ? BLANKED : blankSecrets(inner)]);
  return Object.fromEntries(entries) as unknown; // fromEntries says any
}
