import { inspect } from 'node:util';

/** What stands in the place of a secret wherever it would be shown. */
export const BLANKED = '***';

/** Shorter secrets are words of their own: blanking them everywhere would tell more than it hides. */
const MIN_LENGTH = 6;
/** Tokens are renewed for as long as a process runs; those that nobody has used for so long are worth nothing. */
const MAX_KNOWN = 200;

/** The forms in which secrets could turn up, the latest in use last: one for the whole process, as its output is. */
const known = new Map<string, readonly string[]>();

function remember(value: string): void {
  if (value.length < MIN_LENGTH) return;
  const forms = known.get(value) ?? formsOf(value);
  known.delete(value);
  known.set(value, forms);
  const [oldest] = known.keys();
  if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
}

/** As it is, as JSON writes it in a log line, and as it stands in an address. */
function formsOf(value: string): readonly string[] {
  const wellFormed = Buffer.from(value).toString(); // half a character cannot be written into an address
  return [...new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(wellFormed)])];
}

/**
 * The text without any {@link Secret} that this process has made: settings, session ids, tokens. For texts that others had
 * a hand in: a peer may say again what it was told, and a plug-in may put into an error whatever it likes.
 */
export function blankKnownSecrets(text: string): string {
  let safe = text;
  for (const forms of known.values()) for (const form of forms) safe = safe.replaceAll(form, BLANKED);
  return safe;
}

/**
 * A value that cannot be shown by accident: text, JSON, a log line and the debugger all get `***`, and so does whatever
 * goes through {@link blankKnownSecrets}. Only {@link Secret.reveal} gives it, at the place where it goes on the wire.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    remember(value);
  }

  /** The secret itself. Call it only where it is put on the wire. */
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
