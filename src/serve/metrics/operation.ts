/** Words of paths of the HMC, Cinder, Keystone and Glance. Everything else is an identifier. */
const word = /^(?:[a-z][a-z-]{1,39}|v\d(?:\.\d+)?)$/;

/** Returns the class of a request: its method, and its path without identifiers. Two partitions give the same class. */
export function operationOf(method: string, path: string): string {
  const segments =
    path
      .split('?')[0]
      ?.split('/')
      .filter((segment) => segment !== '') ?? [];
  const named = segments.map((segment) => (word.test(segment) ? segment : '{id}'));
  return `${method} /${named.slice(0, MAX_SEGMENTS).join('/')}`;
}

const MAX_SEGMENTS = 8;
