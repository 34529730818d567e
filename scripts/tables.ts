/*
 * Writes the pages of the docs that are made from tables of the code. With --check, only compares them: exit code 1 if one is
 * out of date. Run it with `npm run tables`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { generatedPages } from './support-matrix/pages.ts';

const isCheck = process.argv.includes('--check');
for (const { file, text } of generatedPages()) {
  if (!isCheck) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.log(`${file} is out of date: run npm run tables`);
    process.exitCode = 1;
  }
}
