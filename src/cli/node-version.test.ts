import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { nodeProblem, quietAboutSqlite } from './node-version.ts';

const packageJson = fileURLToPath(new URL('../../package.json', import.meta.url));
const main = fileURLToPath(new URL('main.ts', import.meta.url));

/** Does a version satisfy a range of npm, made of `^1.2.3`, `>=1.2.3` and `||`? */
function satisfies(version: readonly number[], range: string): boolean {
  return range.split('||').some((part) => {
    const [, sign, ...oldest] = /^(\^|>=)(\d+)\.(\d+)\.(\d+)$/.exec(part.trim()) ?? [];
    expect(sign, `${part} in "${range}"`).toBeDefined();
    const from = oldest.map(Number);
    const unlike = from.findIndex((number, index) => number !== version[index]);
    const isNotOlder = unlike === -1 || version[unlike]! > from[unlike]!; // both have three numbers
    return isNotOlder && (sign === '>=' || version[0] === from[0]);
  });
}

test('dpm accepts the versions of Node.js that engines in package.json names, and no others', () => {
  const { engines } = JSON.parse(readFileSync(packageJson, 'utf8')) as { engines: { node: string } };
  const versions = [14, 18, 20, 21, 22, 23, 24, 25, 26].flatMap((major) =>
    [0, 4, 12, 13, 14, 20].map((minor) => [major, minor, 1] as const),
  );
  const accepted = versions.filter((version) => nodeProblem(version.join('.'), 'node') === undefined);

  expect(accepted).toEqual(versions.filter((version) => satisfies(version, engines.node)));
  expect(accepted.length).toBeGreaterThan(0);
  expect(accepted.length).toBeLessThan(versions.length);
});

/** Has the child believe that it is another version, and end with 99 as soon as it loads more than the two files. */
const pretend = `
  import { registerHooks } from 'node:module';
  Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });
  registerHooks({
    load(url, context, next) {
      if (!/\\/(main|node-version)\\.ts$/.test(url)) process.exit(99);
      return next(url, context);
    },
  });
`;

test('with an older Node.js dpm says which is needed and which this is, before it loads anything else', () => {
  const given = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, main, 'server', 'list'];
  const { status, stdout, stderr } = spawnSync(process.execPath, given, { encoding: 'utf8' });

  expect(stderr).toBe(
    `dpm: Node.js 22.13 or later, but not 23, is needed; this is Node.js 20.20.2 (${process.execPath}): put a newer one first in PATH\n`,
  );
  expect(stdout).toBe('');
  expect(status).toBe(2);
});

test('of all warnings of Node.js, the one about node:sqlite alone is not shown', () => {
  const emit = vi.fn();
  const quiet = quietAboutSqlite(emit);

  quiet('SQLite is an experimental feature and might change at any time', 'ExperimentalWarning');
  quiet('something else', 'ExperimentalWarning');

  expect(emit.mock.calls).toEqual([['something else', 'ExperimentalWarning']]);
});
