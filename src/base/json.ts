/** Far deeper than any answer of an HMC or Cinder, and far less deep than what a reader that recurses can bear. */
const MAX_DEPTH = 64;

/**
 * Reads JSON that a peer wrote.
 *
 * @throws SyntaxError when it is not JSON, or nested deeper than anything of good faith: readers and writers of values
 * recurse, and would end in an overflow of the stack
 */
export function parseForeignJson(text: string): unknown {
  const value = JSON.parse(text) as unknown; // JSON.parse says any
  if (isDeeperThan(value, MAX_DEPTH)) throw new SyntaxError(`nested deeper than ${MAX_DEPTH} levels`);
  return value;
}

/** Level by level, so that it needs no stack itself. */
function isDeeperThan(value: unknown, limit: number): boolean {
  let level = [value].filter(isHolder);
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap((holder) => Object.values(holder).filter(isHolder));
  }
  return false;
}

function isHolder(value: unknown): value is object {
  return value !== null && typeof value === 'object';
}
