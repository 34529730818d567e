import type { SettingsProblem } from './problems.ts';

/** One `key = value` of a file, continuation lines joined with newlines. */
interface IniEntry {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** The line of the key, from 1. */
  readonly line: number;
}

export interface IniFile {
  readonly entries: readonly IniEntry[];
  readonly problems: readonly SettingsProblem[];
}

/** A value under way: it ends at a blank line, a section, a comment-free line without indentation, or the file's end. */
interface Open {
  readonly key: string;
  readonly line: number;
  readonly parts: string[];
}

/**
 * Reads an INI file as oslo.config does: `key = value` or `key: value`, indented lines continue a value, `#` and `;`
 * begin a comment at the start of a line only, repeated keys are all kept, one pair of quotes around a value is dropped.
 * Section names are kept apart from case (`DEFAULT` is the only one in capitals).
 *
 * @remarks What a faulty line holds is never repeated in a message: it may be a password without its key.
 */
export function parseIni(text: string, path: string): IniFile {
  const reader = new IniReader(path);
  text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .forEach((line, index) => {
      reader.line(line.trimEnd(), index + 1);
    });
  reader.flush();
  return { entries: reader.entries, problems: reader.problems };
}

class IniReader {
  readonly entries: IniEntry[] = [];
  readonly problems: SettingsProblem[] = [];
  readonly #path: string;
  #section: string | undefined;
  #open: Open | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  line(text: string, number: number): void {
    if (text === '') {
      this.flush();
    } else if (/^[ \t]/.test(text)) {
      this.#continue(text.trimStart(), number);
    } else {
      this.flush();
      if (text.startsWith('[')) this.#startSection(text, number);
      else if (!/^[#;]/.test(text)) this.#startValue(text, number);
    }
  }

  flush(): void {
    if (this.#open === undefined || this.#section === undefined) return;
    const { key, line, parts } = this.#open;
    this.entries.push({ section: this.#section, key, line, value: parts.join('\n') });
    this.#open = undefined;
  }

  #continue(text: string, number: number): void {
    if (this.#open !== undefined) this.#open.parts.push(text);
    else this.#problem(number, 'an indented line only below the value that it continues');
  }

  #startSection(text: string, number: number): void {
    const name = /^\[([^\]]+)\]$/.exec(text)?.[1]?.trim();
    if (name === undefined || name === '') {
      this.#problem(number, 'a section in the form [name]');
      return;
    }
    this.#section = name === 'DEFAULT' ? name : name.toLowerCase();
  }

  #startValue(text: string, number: number): void {
    const match = /^([^=:]+)[=:](.*)$/.exec(text);
    const key = match?.[1]?.trim() ?? '';
    if (key === '') {
      this.#problem(number, 'key = value, a [section], or a comment that begins with #');
    } else if (this.#section === undefined) {
      this.#problem(number, 'a [section] before the first option');
    } else {
      this.#open = { key, line: number, parts: [unquote((match?.[2] ?? '').trim())] };
    }
  }

  #problem(number: number, expected: string): void {
    this.problems.push({ option: 'a line', unknown: true, expected, where: `${this.#path}:${number}` });
  }
}

function unquote(value: string): string {
  const quoted = value.length >= 2 && /^(["']).*\1$/s.test(value);
  return quoted ? value.slice(1, -1) : value;
}
