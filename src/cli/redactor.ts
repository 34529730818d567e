import { BLANKED, blankSecrets } from '../base/index.ts';
import type { Secret } from '../base/index.ts';

/** Shorter secrets are words of their own: blanking them everywhere would tell more than it hides. */
const MIN_LENGTH = 6;

/**
 * The last net for secrets on their way into logs and messages. The first is that nothing hands them over; this one
 * blanks fields by their name and, once the settings are known, the secrets themselves wherever they turn up.
 */
export class Redactor {
  readonly #needles: string[] = [];

  /** From now on this secret is blanked in every text. */
  add(secret: Secret): void {
    const value = secret.reveal();
    if (value.length < MIN_LENGTH) return;
    // In a log line it stands as JSON writes it.
    for (const form of new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)])) {
      this.#needles.push(form);
    }
  }

  /** The text with every known secret blanked. */
  readonly text = (text: string): string =>
    this.#needles.reduce((safe, needle) => safe.replaceAll(needle, BLANKED), text);

  /** A JSON line of the log with every secret field blanked, at any depth, and every known secret. */
  readonly logLine = (line: string): string => this.text(`${JSON.stringify(blankSecrets(JSON.parse(line)))}\n`);
}
