import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const folders = ['src', 'conformance', 'test', 'docs', 'guest', 'scripts', 'bench', 'examples'];
/** The notes that the project began with; a reader does not have them. */
const notes = /\bsheets?\b/iu;

/** The project's own files, with the number of each line that cites the notes. */
function citations(): string[] {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return [...files, join(root, 'README.md')]
    .filter((file) => file !== import.meta.filename)
    .flatMap((file) => {
      const lines = readFileSync(file, 'utf8').split('\n');
      return lines.flatMap((line, index) => (notes.test(line) ? [`${file}:${index + 1}`] : []));
    });
}

test('no comment cites a source that is not in the repository and not public', () => {
  expect(citations()).toEqual([]);
});
