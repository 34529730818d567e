import { describe, expect, test } from 'vitest';
import { temporaryFiles } from '../../test/support/packages.ts';
import { openDatabase } from './database.ts';
import { listFlows, listServerEvents } from './history.ts';
import { INTERRUPTED, ServerActions } from './server-actions.ts';
import { SqliteJournal } from './sqlite-journal.ts';

const start = { server: 'u1', name: 'web1', action: 'start', requestId: 'req-1111' } as const;

async function withDatabase(work: (database: ReturnType<typeof openDatabase>) => Promise<void>): Promise<void> {
  using directory = temporaryFiles();
  const database = openDatabase(directory.path);
  try {
    await work(database);
  } finally {
    database.close();
  }
}

describe('the history of actions without a flow', () => {
  test('has when an action began and ended, and why it failed', async () => {
    await withDatabase(async (database) => {
      const actions = new ServerActions(database);
      await expect(actions.record(start, async () => await Promise.resolve(7))).resolves.toBe(7);
      const fails = actions.record({ ...start, action: 'stop', requestId: 'req-2222' }, async () => {
        expect(actions.list()[0]).toMatchObject({ action: 'stop', endedAt: undefined });
        return await Promise.reject(new Error('the HMC is gone'));
      });
      await expect(fails).rejects.toThrow('the HMC is gone');

      expect(actions.list()).toMatchObject([
        {
          server: 'u1',
          action: 'stop',
          requestId: 'req-2222',
          endedAt: expect.any(String) as string,
          error: 'the HMC is gone',
        },
        {
          server: 'u1',
          action: 'start',
          requestId: 'req-1111',
          endedAt: expect.any(String) as string,
          error: undefined,
        },
      ]);
    });
  });

  test('calls an action interrupted whose process died, once the next one owns the server', async () => {
    await withDatabase(async (database) => {
      const actions = new ServerActions(database);
      await actions.record(start, async () => await Promise.resolve());
      database.exec('update server_action set ended_at = null'); // as a process leaves it that dies during the action
      actions.endInterrupted('u2');
      expect(await listServerEvents(database, 'web1')).toMatchObject([{ result: 'running' }]);

      await actions.record({ ...start, action: 'reboot' }, async () => await Promise.resolve());

      const events = await listServerEvents(database, 'u1');
      expect(events).toMatchObject([
        { action: 'reboot', result: 'completed' },
        { action: 'start', result: 'interrupted', error: INTERRUPTED },
      ]);
    });
  });

  test('is pruned like that of flows, except actions that have not ended', async () => {
    await withDatabase(async (database) => {
      const actions = new ServerActions(database);
      for (const requestId of ['req-1', 'req-2', 'req-3', 'req-4'])
        await actions.record({ ...start, server: requestId, requestId }, async () => await Promise.resolve());
      database.exec("update server_action set ended_at = null where request_id = 'req-1'");
      database.exec("update server_action set ended_at = '2020-01-01T00:00:00.000Z' where request_id = 'req-3'");

      actions.prune({ days: 30, flows: 3 });
      const left = actions.list().map(({ requestId }) => requestId);
      actions.prune({ days: 30, flows: 1 });

      expect(left).toEqual(['req-4', 'req-2', 'req-1']);
      expect(actions.list().map(({ requestId }) => requestId)).toEqual(['req-4', 'req-1']);
    });
  });

  test('is that of a deleted server too, by name and by UUID', async () => {
    await withDatabase(async (database) => {
      const journal = new SqliteJournal(database);
      const input = { instanceUuid: 'u1', name: 'web1' };
      await journal.append('f1', { kind: 'flow-started', flow: 'build', input, subject: 'u1' }, 'req-0000');
      await journal.append('f1', { kind: 'flow-ended', outcome: 'completed' }, 'req-0000');
      await new ServerActions(database).record(start, async () => await Promise.resolve());
      const attach = { kind: 'flow-started', flow: 'local-attach', input: { name: 'web1' }, subject: 'v1' } as const;
      await journal.append('f2', attach, 'req-3333');

      for (const server of ['web1', 'u1'])
        expect((await listServerEvents(database, server)).map(({ action }) => action).toSorted()).toEqual([
          'create',
          'start',
        ]);
      expect(await listServerEvents(database, 'web1', 1)).toHaveLength(1);
      expect(await listFlows(database, { server: 'web1' })).toMatchObject([{ id: 'f1', requestId: 'req-0000' }]);
      await expect(listServerEvents(database, 'web2')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(listFlows(database, { request: 'req-11' })).rejects.toThrow(
        'request "req-11" has no flow: it was "start" of server "web1" (dpm server event list u1)',
      );
    });
  });
});
