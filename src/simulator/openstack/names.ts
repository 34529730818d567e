import { createHash } from 'node:crypto';

/** A 32-digit hex id that follows from a name, so that ids repeat between runs; Keystone's ids look like this. */
export function hexId(kind: string, name: string): string {
  return createHash('sha256').update(`${kind} ${name}`).digest('hex').slice(0, 32);
}

/** A UUID that follows from a name. */
export function uuidOf(kind: string, name: string): string {
  const hex = hexId(kind, name);
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join('-');
}
