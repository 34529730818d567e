/*
 * Looked at before anything else is loaded: an older Node.js cannot load the rest, which imports modules that it lacks
 * (node:sqlite). So this file and main.ts import nothing else, and use no syntax that is newer than Node.js 14.8.
 */

/**
 * Why `dpm` cannot run with this Node.js, in one line; undefined where it can. package.json tells npm the same
 * (`engines`).
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
 * Node.js 22 warns at every start that node:sqlite is experimental. The user can do nothing about it, and every version
 * that is accepted is one with which it works.
 */
export function quietAboutSqlite(emitWarning: typeof process.emitWarning): typeof process.emitWarning {
  return (warning: string | Error, ...rest: unknown[]) => {
    if (String(warning).startsWith('SQLite is an experimental feature')) return;
    Reflect.apply(emitWarning, undefined, [warning, ...rest]);
  };
}
