import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of a page. */
export interface Block {
  /** `docs/own-manager.md:35` */
  readonly where: string;
  readonly page: string;
  readonly language: string;
  readonly text: string;
  /** The text of the HTML comment on the line before the block; empty without one. */
  readonly note: string;
}

/** README and the pages of docs, without the decisions. */
export function pages(): readonly string[] {
  return [
    'README.md',
    ...readdirSync('docs')
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name)),
  ];
}

/** Returns the fenced blocks of a page in these languages. */
export function blocksOf(page: string, languages: readonly string[]): readonly Block[] {
  const text = readFileSync(page, 'utf8');
  const fence = /(?:^ *<!--(?<note>[^>]*)-->\n+)?^(?<indent> *)```(?<language>[a-z]+)\n(?<body>.*?)^\k<indent>```$/gmsu;
  return [...text.matchAll(fence)]
    .filter((found) => languages.includes(found.groups?.language ?? ''))
    .map((found) => {
      const { note = '', language = '', body = '' } = found.groups ?? {};
      const line = text.slice(0, found.index).split('\n').length;
      return { where: `${page}:${line}`, page, language, text: body, note: note.trim() };
    });
}
