import { readFileSync } from 'node:fs';

/** Returns the version in package.json, which is two levels up in the sources and in the built package. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version; // npm requires a version
}
