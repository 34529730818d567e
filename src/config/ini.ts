import type { SettingsProblem } from './problems.ts';

/** One `key = value` of a file, with its continuation lines. */
interface IniEntry {
  readonly section: string;
  readonly key: string;
  value: string;
  /** The line of the key, from 1. */
  readonly line: number;
}

/**
 * Reads an INI file as oslo.config does: `key = value` or `key: value`, indented lines continue a value, `#` and `;`
 * begin a comment at the start of a line only, repeated keys are all kept, one pair of quotes around a value is
 * dropped. Section names are lower-cased, except `DEFAULT`.
 *
 * @remarks Messages never quote a faulty line: it may be a password without its key.
 */
export function parseIni(text: string, path: string) {
  const entries: IniEntry[] = [];
  const problems: SettingsProblem[] = [];
  let section: string | undefined;
  /** The value that an indented line continues, up to a blank line, a comment or another key. */
  let open: IniEntry | undefined;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const report = (expected: string) =>
      problems.push({ option: 'a line', unknown: true, expected, where: `${path}:${index + 1}` });
    const line = raw.trimEnd();
    if (/^[ \t]/.test(line)) {
      if (open === undefined) report('an indented line only below the value that it continues');
      else open.value += `\n${line.trimStart()}`;
      continue;
    }
    open = undefined;
    if (line === '' || /^[#;]/.test(line)) continue;
    if (line.startsWith('[')) {
      const name = /^\[([^\]]+)\]$/.exec(line)?.[1]?.trim() ?? '';
      if (name === '') report('a section in the form [name]');
      else section = name === 'DEFAULT' ? name : name.toLowerCase();
      continue;
    }
    const [, key = '', value = ''] = /^([^=:]+)[=:](.*)$/.exec(line) ?? [];
    if (key.trim() === '') report('key = value, a [section], or a comment that begins with #');
    else if (section === undefined) report('a [section] before the first option');
    else {
      open = { section, key: key.trim(), value: unquote(value.trim()), line: index + 1 };
      entries.push(open);
    }
  }
  return { entries, problems };
}

function unquote(value: string): string {
  return /^(["']).*\1$/s.test(value) ? value.slice(1, -1) : value;
}
