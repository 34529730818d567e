/*
 * Loaded first, because an older Node.js lacks modules that the rest imports (node:sqlite). So this file and main.ts
 * import nothing else, and use no syntax newer than Node.js 14.8.
 */

/**
 * Returns why `dpm` cannot run with this Node.js, or undefined. `engines` in package.json tells npm the same.
 *
 * @param version - `process.versions.node`
 * @param program - `process.execPath`
 */
export function nodeProblem(version: string, program: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major >= 24 || (major === 22 && minor >= 13)) return undefined;
  return `Node.js 22.13 or later, but not 23, is needed; this is Node.js ${version} (${program}): put a newer one first in PATH`;
}

/**
 * Suppresses Node.js 22's warning that node:sqlite is experimental: it works with every accepted version.
 */
export function quietAboutSqlite(emitWarning: typeof process.emitWarning): typeof process.emitWarning {
  return (warning: string | Error, ...rest: unknown[]) => {
    if (String(warning).startsWith('SQLite is an experimental feature')) return;
    Reflect.apply(emitWarning, undefined, [warning, ...rest]);
  };
}
