import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runFake } from '../support/cli.ts';

let directory = '';
let file = '';

/** The script that the build runs. */
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dpm-man-'));
  file = join(directory, 'dpm.1');
  execFileSync(process.execPath, ['scripts/man.ts', file]);
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const isInstalled = (command: string) => spawnSync(command, ['--version']).status === 0;

test('the manual page has every command and option of the help', async () => {
  const page = readFileSync(file, 'utf8').replaceAll('\\-', '-');

  for (const command of ['server create', 'server event list', 'flow list', 'volume create', 'complete'])
    expect(page).toContain(`.SS dpm ${command}`);
  const { stdout: help } = await runFake(['server', 'create', '-h']);
  const flags = [...help.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag!);
  expect(flags).toContain('--volume');
  for (const flag of flags.filter((each) => each !== '--help'))
    expect(page).toMatch(new RegExp(`^\\.B (-\\w, )?${flag}`, 'm'));
  expect(page).not.toContain('__complete');
});

test.runIf(isInstalled('groff'))('groff formats the manual page without a warning', () => {
  const ran = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-P-cbou', file], { encoding: 'utf8' });

  expect({ status: ran.status, stderr: ran.stderr }).toEqual({ status: 0, stderr: '' });
  expect(ran.stdout).toContain('EXIT STATUS');
});

test('the package ships the manual page that its build makes', () => {
  const { man, files } = JSON.parse(readFileSync('package.json', 'utf8')) as { man: string; files: string[] };

  expect(man).toBe('./man/dpm.1');
  expect(files).toContain('man');
  expect(readFileSync('scripts/build.ts', 'utf8')).toContain('scripts/man.ts');
});
