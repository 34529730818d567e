import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generatedPages } from '../../scripts/support-matrix/pages.ts';

test.each(generatedPages())('$file is as `npm run tables` writes it', ({ file, text }) => {
  expect(readFileSync(file, 'utf8')).toBe(text);
});
