/** Deeper than any response of an HMC or Cinder, and too shallow to overflow the stack of recursive code. */
const MAX_DEPTH = 64;

/** Parses JSON from a peer. @throws SyntaxError when it is not JSON, or too deeply nested for recursive code */
export function parseForeignJson(text: string): unknown {
  const value = JSON.parse(text) as unknown; // JSON.parse says any
  if (isDeeperThan(value, MAX_DEPTH)) throw new SyntaxError(`nested deeper than ${MAX_DEPTH} levels`);
  return value;
}

/** Checks level by level, without recursion. */
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
