import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A place that must not contain a secret, but does. */
export interface Leak {
  readonly secret: string;
  readonly place: string;
}

/** Searches for secrets in all the forms in which they could have been written down. */
export class LeakScanner {
  readonly #needles = new Map<string, readonly Buffer[]>();
  #looked = 0;

  /**
   * @param name - what the secret is, for the report
   * @param core - its random part, of letters and digits: it survives every quoting, and half a secret shows it too
   */
  add(name: string, core: string): void {
    const bytes = Buffer.from(core);
    // Base64 of the whole depends on the preceding bytes: three cases, without the characters that the neighbours share.
    const encoded = [0, 1, 2].map((before) => {
      const text = Buffer.concat([Buffer.alloc(before, 'x'), bytes]).toString('base64');
      return text.slice(before === 0 ? 0 : before + 1, -4);
    });
    const forms = [core, bytes.toString('hex'), bytes.toString('utf16le'), ...encoded];
    this.#needles.set(name, [...forms.map((form) => Buffer.from(form)), Buffer.from(core, 'utf16le')]);
  }

  /** How many secrets are known, and how many places were looked at: a search for nothing, or nowhere, finds nothing. */
  get figures(): { readonly secrets: number; readonly places: number } {
    return { secrets: this.#needles.size, places: this.#looked };
  }

  look(place: string, content: string | Buffer): Leak[] {
    this.#looked += 1;
    const haystack = typeof content === 'string' ? Buffer.from(content) : content;
    return [...this.#needles].flatMap(([secret, forms]) =>
      forms.some((form) => haystack.includes(form)) ? [{ secret, place }] : [],
    );
  }

  /** Every file below a directory, whatever it is, but those that hold secrets because the user put them there. */
  lookBelow(directory: string, except: readonly string[] = []): Leak[] {
    return filesBelow(directory)
      .filter((path) => !except.includes(path))
      .flatMap((path) => [...this.look(path, readFileSync(path)), ...this.look(`name of ${path}`, path)]);
  }
}

/** All files below a directory, by path. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}
