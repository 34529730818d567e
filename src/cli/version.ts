import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The version in package.json, which lies two levels up from here in the sources and in the built package. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.looseObject({ version: z.string() }).parse(JSON.parse(text)).version;
}
