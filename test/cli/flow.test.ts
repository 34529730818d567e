import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/compute/database.ts';
import { ServerActions } from '../../src/compute/server-actions.ts';
import { SqliteJournal } from '../../src/compute/sqlite-journal.ts';
import { runDpm } from '../support/cli.ts';

const stuck = { kind: 'flow-ended', outcome: 'stuck', error: 'the HMC is gone', leftBehind: ['partition P'] } as const;

const LONG_ID = '2e13aec6-0000-4000-8000-000000000000';
const REQUEST = 'req-12345678-0000-4000-8000-000000000000';
const RESUMING = 'req-87654321-0000-4000-8000-000000000000';

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
  const subject = '0d0a1b2c-0000-4000-8000-000000000000';
  const input = { name: 'web9', instanceUuid: subject };
  await journal.append(LONG_ID, { kind: 'flow-started', flow: 'add-volume', input, subject }, REQUEST);
  await journal.append(LONG_ID, { kind: 'started', step: 'reserve-volume' }, REQUEST);
  await journal.append(LONG_ID, { kind: 'flow-ended', outcome: 'completed' }, RESUMING);
  const restart = {
    server: subject,
    name: 'web9',
    action: 'reboot',
    requestId: 'req-9999aaaa-0000-4000-8000-000000000000',
  };
  await new ServerActions(database).record(restart, async () => await Promise.resolve());
  database.close();
});

afterAll(() => {
  rmSync(cwd, { recursive: true });
});

test('the journal is read without HMC and Cinder, which may be what failed', async () => {
  const list = await runDpm(['flow', 'list', '-f', 'value', '-c', 'id', '-c', 'state'], { cwd });
  const shown = await runDpm(['flow', 'show', 'f1', '-f', 'json'], { cwd });

  expect(list).toMatchObject({ code: 0, stdout: `${LONG_ID} completed\nf0 waiting\nf1 stuck\n` });
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

test.each([
  ['its first characters', '2e13aec6'],
  ['the request that began it', REQUEST],
  ['the first characters of that request', 'req-1234'],
  ['the request that resumed it', RESUMING],
])('a flow is found by %s, with the times and requests of its events', async (_what, id) => {
  const { code, stdout } = await runDpm(['flow', 'show', id, '-f', 'json'], { cwd });

  const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    id: LONG_ID,
    name: 'web9',
    request_id: REQUEST,
    started_at: at,
    ended_at: at,
    duration_ms: expect.any(Number) as number,
    events: [
      { at, event: 'flow-started', request_id: REQUEST },
      { at, event: 'started', step: 'reserve-volume' },
      { at, event: 'flow-ended', outcome: 'completed', request_id: RESUMING },
    ],
  });
});

test('the beginning of several IDs is refused with all of them', async () => {
  const { code, stderr } = await runDpm(['flow', 'show', 'f'], { cwd });

  expect(code).toBe(1);
  expect(stderr).toContain('"f" matches 2 flows; give the ID of one: f0, f1');
});

test.each([
  [['--open'], ['f0', 'f1']],
  [['--server', 'web9'], [LONG_ID]],
  [['--server', '0d0a1b2c-0000-4000-8000-000000000000'], [LONG_ID]],
  [['--request', RESUMING], [LONG_ID]],
  [
    ['--limit', '2'],
    [LONG_ID, 'f0'],
  ],
])('flow list %j lists only those flows', async (options, ids) => {
  const { stdout } = await runDpm(['flow', 'list', ...options, '-f', 'json'], { cwd });

  expect((JSON.parse(stdout) as { id: string }[]).map(({ id }) => id)).toEqual(ids);
});

test('the events of a server include its reboots, with request, start, duration and result', async () => {
  const json = await runDpm(['server', 'event', 'list', 'web9', '-f', 'json'], { cwd });
  const table = await runDpm(['server', 'event', 'list', 'web9', '-f', 'table'], { cwd });
  const flows = await runDpm(['flow', 'list', '-f', 'table'], { cwd });

  expect(JSON.parse(json.stdout)).toMatchObject([
    { action: 'reboot', result: 'completed', flow_id: null, server_name: 'web9' },
    { action: 'attach_volume', result: 'completed', flow_id: LONG_ID, request_id: REQUEST, error: null },
  ]);
  expect(table.stdout).toMatch(
    /\| req-12345678 \| attach_volume \| \d{4}-\d\d-\d\d [\d:]{8} \| 0\.0 s +\| completed \|/,
  );
  for (const line of `${table.stdout}${flows.stdout}`.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('flow list prints the columns of the table in CSV and values, and takes a duration by its head', async () => {
  const list = async (...options: string[]) => await runDpm(['flow', 'list', '--server', 'web9', ...options], { cwd });
  const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;

  const value = new RegExp(`^${LONG_ID} add-volume web9 completed ${time} \\d+\n$`);
  expect((await list('-f', 'value')).stdout).toMatch(value);
  expect((await list('-f', 'csv')).stdout.split('\n')[0]).toBe('id,flow,name,state,started_at,duration_ms');
  expect((await list('-f', 'json', '-c', 'duration')).stdout).toMatch(/"duration_ms": \d+/);
  expect((await list('-f', 'shell')).code).toBe(2);
});

test('the request of an action without a flow is explained', async () => {
  const { code, stderr } = await runDpm(['flow', 'list', '--request', 'req-9999aaaa'], { cwd });

  expect(code).toBe(3);
  expect(stderr).toContain('it was "reboot" of server "web9"');
});
