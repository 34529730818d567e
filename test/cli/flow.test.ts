import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/compute/database.ts';
import { SqliteJournal } from '../../src/compute/sqlite-journal.ts';
import { runDpm } from '../support/cli.ts';

const stuck = { kind: 'flow-ended', outcome: 'stuck', error: 'the HMC is gone', leftBehind: ['partition P'] } as const;

let cwd: string;

/** Settings of a host that only attaches volumes to itself: no HMC is in them, and no Cinder answers. */
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'dpm-flow-'));
  const settings = [
    '[DEFAULT]',
    `state_path = ${cwd}`,
    '[cinder]',
    'auth_type = none',
    'endpoint_override = http://127.0.0.1:9/v3',
  ];
  writeFileSync(join(cwd, 'nova-dpm.conf'), settings.join('\n'), { mode: 0o600 });
  const database = openDatabase(cwd);
  const journal = new SqliteJournal(database);
  await journal.append('f1', { kind: 'flow-started', flow: 'build', input: {}, subject: 'web1' });
  await journal.append('f1', stuck);
  await journal.append('f0', { kind: 'flow-started', flow: 'delete', input: {}, subject: 'web0' });
  await journal.append('f0', { ...stuck, outcome: 'waiting', waitsFor: 'HMC hmc1:6794' });
  database.close();
});

afterAll(() => {
  rmSync(cwd, { recursive: true });
});

test('the journal is read without HMC and Cinder, which may be what failed', async () => {
  const list = await runDpm(['flow', 'list', '-f', 'value', '-c', 'id', '-c', 'state'], { cwd });
  const shown = await runDpm(['flow', 'show', 'f1', '-f', 'json'], { cwd });

  expect(list).toMatchObject({ code: 0, stdout: 'f0 waiting\nf1 stuck\n' });
  expect(JSON.parse(shown.stdout)).toMatchObject({
    left_behind: stuck.leftBehind,
    events: [{ event: 'flow-started' }, { outcome: 'stuck' }],
  });
  const waiting = await runDpm(['flow', 'show', 'f0', '-f', 'json'], { cwd });
  expect(JSON.parse(waiting.stdout)).toMatchObject({ state: 'waiting', waits_for: 'HMC hmc1:6794' });
});

test('a flow that does not exist ends with 3', async () => {
  const { code, stderr } = await runDpm(['flow', 'show', 'f2', '-f', 'json'], { cwd });

  expect(code).toBe(3);
  expect(stderr).toContain('flow "f2" does not exist');
});
