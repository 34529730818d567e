import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFiles } from '../../test/support/packages.ts';
import { moduleCache } from './module-cache.ts';

const uid = process.geteuid?.() ?? 0;

describe('the cache of compiled modules', () => {
  test('is in the home directory', () => {
    using home = temporaryFiles();
    chmodSync(home.path, 0o755);

    expect(moduleCache({ HOME: home.path }, uid)).toBe(join(home.path, '.cache', 'nova-dpm'));
    expect(readdirSync(join(home.path, '.cache'))).toEqual(['nova-dpm']);
  });

  test.each([
    { name: 'others can write to the home directory', damage: (home: string) => chmodSync(home, 0o777) },
    { name: 'others can write to the cache', damage: (home: string) => chmodSync(join(home, '.cache'), 0o777) },
    { name: 'there is no home directory', damage: () => undefined, env: {} },
    { name: 'the home directory is missing', damage: () => undefined, env: { HOME: '/nonexistent/home' } },
  ])('is not used if $name', ({ damage, env }) => {
    using home = temporaryFiles();
    chmodSync(home.path, 0o755);
    mkdirSync(join(home.path, '.cache'));
    damage(home.path);

    expect(moduleCache(env ?? { HOME: home.path }, uid)).toBeUndefined();
    expect(readdirSync(join(home.path, '.cache'))).toEqual([]);
    expect(existsSync('/nonexistent/home')).toBe(false);
  });

  test.runIf(uid === 0)('is not used by root in the home directory of another user', () => {
    using home = temporaryFiles();
    chmodSync(home.path, 0o755);
    chownSync(home.path, 65_534, 65_534);

    expect(moduleCache({ HOME: home.path }, uid)).toBeUndefined();
    expect(readdirSync(home.path)).toEqual([]);
  });
});
