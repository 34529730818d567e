import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** `from './x.js'`, `import './x.js'`, `import('./x.js')` and `new URL('./x.js', …)`; packages name types in comments. */
const reference = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)(['"`])(\.{1,2}\/[^'"`]+)\1/g;

export interface References {
  readonly files: number;
  readonly references: number;
  /** Each as "file: what it refers to". */
  readonly missing: readonly string[];
}

/** Follows what the JavaScript of a directory refers to by a relative path, loaded at once or when needed. */
export function referencesIn(directory: string): References {
  const files = globSync('**/*.js', { cwd: directory });
  const found = files.flatMap((file) =>
    [...withoutComments(readFileSync(join(directory, file), 'utf8')).matchAll(reference)].map(([, , to = '']) => ({
      file,
      to,
    })),
  );
  const missing = found.filter(({ file, to }) => !existsSync(join(directory, dirname(file), to)));
  return {
    files: files.length,
    references: found.length,
    missing: missing.map(({ file, to }) => `${file}: ${to}`),
  };
}

/** Removes lines that begin as a comment. */
function withoutComments(text: string): string {
  return text.replaceAll(/^\s*(?:\/?\*|\/\/).*$/gm, '');
}
