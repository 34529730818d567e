import { inspect } from 'node:util';

/** Replaces a secret in all output. */
export const BLANKED = '***';

/** Shorter secrets are also ordinary words: blanking them everywhere would reveal more than it hides. */
const MIN_LENGTH = 6;
/** A long-running process renews many tokens; those that were used least recently have expired. */
const MAX_KNOWN = 200;

/** The forms of all secrets in the process, the most recently used last. */
const known = new Map<string, readonly string[]>();

function remember(value: string): void {
  if (value.length < MIN_LENGTH) return;
  const forms = known.get(value) ?? formsOf(value);
  known.delete(value);
  known.set(value, forms);
  const [oldest] = known.keys();
  if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
}

/** Returns the value as it is, in JSON, and in a URL. */
function formsOf(value: string): readonly string[] {
  const wellFormed = Buffer.from(value).toString(); // encodeURIComponent rejects lone surrogates
  return [...new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(wellFormed)])];
}

/**
 * Blanks every {@link Secret} of this process in a text: passwords of the settings, session IDs, tokens. Use it for text
 * from outside: a peer may repeat parts of a request, and a plug-in may put anything into an error.
 */
export function blankKnownSecrets(text: string): string {
  let safe = text;
  for (const forms of known.values()) for (const form of forms) safe = safe.replaceAll(form, BLANKED);
  return safe;
}

/** A value that is shown as `***` in text, JSON, logs and the debugger, and that {@link blankKnownSecrets} blanks. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    remember(value);
  }

  /** Returns the secret. Call it only to send it to a peer. */
  reveal(): string {
    remember(this.#value);
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

/** Returns whether a field, header or setting of this name contains a secret. */
export function isSecretKey(key: string): boolean {
  return secretKeys.has(key.toLowerCase());
}

/** Returns a copy of plain JSON in which every secret field is blanked, at any depth. */
export function blankSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(blankSecrets);
  if (value === null || typeof value !== 'object' || value instanceof Secret) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, isSecretKey(key) ? BLANKED : blankSecrets(inner)]);
  return Object.fromEntries(entries) as unknown; // fromEntries says any
}
