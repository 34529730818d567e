import type { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JournalError, MemoryJournal } from './journal/index.ts';
import type { JournalEvent } from './journal/index.ts';
import { temporaryFiles } from '../../test/support/packages.ts';
import { openDatabase } from './database.ts';
import { SqliteJournal } from './sqlite-journal.ts';

const start = (flow: string, subject?: string): JournalEvent => ({ kind: 'flow-started', flow, input: null, subject });
const stuck: JournalEvent = { kind: 'flow-ended', outcome: 'stuck', error: 'away', leftBehind: ['partition p'] };

const everyKind: readonly JournalEvent[] = [
  { kind: 'flow-started', flow: 'spawn', input: { name: 'wéb "1"\n', n: [1, null, true] }, subject: 'u', parent: 'p' },
  { kind: 'started', step: 'a' },
  { kind: 'succeeded', step: 'a', output: { wwpns: ['c05076d3a1005b20'], none: null } },
  { kind: 'started', step: 'b' },
  { kind: 'failed', step: 'b', error: "the HMC answered 409.1 ('busy')" },
  { kind: 'undo-started', step: 'b' },
  { kind: 'undo-failed', step: 'b', error: 'away' },
  { kind: 'undo-started', step: 'b' },
  { kind: 'undo-finished', step: 'b' },
  stuck,
  { kind: 'flow-ended', outcome: 'rolled-back' },
];

async function withJournal(work: (journal: SqliteJournal, database: DatabaseSync, path: string) => Promise<void>) {
  using directory = temporaryFiles();
  const database = openDatabase(directory.path);
  try {
    await work(new SqliteJournal(database), database, directory.path);
  } finally {
    database.close();
  }
}

describe('the journal on disk', () => {
  test('gives back each kind of event as it was, also to another process', async () => {
    await withJournal(async (journal, _database, path) => {
      for (const event of everyKind) await journal.append('f', event);

      const other = openDatabase(path);
      const recorded = await new SqliteJournal(other).read('f');
      expect(recorded.map(({ at: _at, ...event }) => event)).toEqual(everyKind);
      const times = recorded.map(({ at }) => Date.parse(at ?? ''));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times.every((time) => Math.abs(time - Date.now()) < 60_000)).toBe(true);
      other.close();
    });
  });

  test('has an event on disk when append returns: another reader sees it at once', async () => {
    await withJournal(async (journal, _database, path) => {
      const other = openDatabase(path);
      const reader = new SqliteJournal(other);
      for (const [index, event] of everyKind.entries()) {
        await journal.append('f', event);
        await expect(reader.read('f')).resolves.toHaveLength(index + 1);
      }
      other.close();
    });
  });

  test('says in which flows an identifier is mentioned, as a journal in memory does: as a whole, and not in errors', async () => {
    const volume = '0a014d21-6baf-40c8-8e9a-51656742207b';
    const [wwpn, other] = ['c05076d3a1005b20', 'c05076d3a1005b21'];
    await withJournal(async (journal) => {
      const memory = new MemoryJournal();
      for (const each of [journal, memory]) {
        for (const event of everyKind) await each.append('f', event);
        await each.append('g', { kind: 'flow-started', flow: 'x', input: { [volume]: [`${other}0`, `x${other}`] } });
        await each.append('g', { kind: 'failed', step: 'b', error: `LUN of ${wwpn}: {"kind":"succeeded"}` });

        const found = await each.mentions(new Set([volume, wwpn, other]));

        expect(Object.fromEntries(found)).toEqual({ [volume]: new Set(['g']), [wwpn]: new Set(['f']) });
        expect((await each.mentions(new Set())).size).toBe(0);
      }
    });
  });

  test('lists what a journal in memory lists, whatever was written', async () => {
    const event = fc.constantFrom<JournalEvent>(
      { kind: 'started', step: 'a' },
      { kind: 'undo-started', step: 'a' },
      stuck,
      { kind: 'flow-ended', outcome: 'completed' },
      { kind: 'flow-ended', outcome: 'rolled-back', error: 'refused' },
    );
    const flow = fc.record({
      subject: fc.constantFrom(undefined, 'web1', 'web2'),
      events: fc.array(event, { maxLength: 4 }),
    });
    const filter = fc.record({ open: fc.boolean(), subject: fc.constantFrom('web1', 'web3') }, { requiredKeys: [] });

    await fc.assert(
      fc.asyncProperty(fc.array(flow, { maxLength: 4 }), filter, async (flows, wanted) => {
        await withJournal(async (journal) => {
          const memory = new MemoryJournal();
          for (const [index, { subject, events }] of flows.entries()) {
            for (const each of [start('spawn', subject), ...events]) {
              await memory.append(`f${index}`, each);
              await journal.append(`f${index}`, each);
            }
          }
          const times = { startedAt: '', endedAt: undefined };
          const here = (await journal.list(wanted)).map((summary) => ({ ...summary, ...times }));
          const there = (await memory.list(wanted)).map((summary) => ({ ...summary, ...times }));
          expect(here).toEqual(there);
        });
      }),
      { numRuns: 30 }, // each makes a database of its own
    );
  });

  test('says when a flow ended, and no longer says so when it was taken up again', async () => {
    await withJournal(async (journal) => {
      for (const event of [start('destroy'), stuck]) await journal.append('f', event);
      const [ended] = await journal.list();
      await journal.append('f', { kind: 'undo-started', step: 'a' });
      const [taken] = await journal.list();

      expect(ended).toMatchObject({ state: 'stuck', leftBehind: ['partition p'] });
      expect(Date.parse(ended?.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(ended?.startedAt ?? ''));
      expect(taken).toMatchObject({ state: 'running', endedAt: undefined, leftBehind: [] });
    });
  });

  test('knows nothing of a flow that was never begun', async () => {
    await withJournal(async (journal) => {
      await expect(journal.read('never')).resolves.toEqual([]);
      await expect(journal.list()).resolves.toEqual([]);
    });
  });
});

describe('an event is refused', () => {
  test('of a flow that has not begun, and nothing of it is kept', async () => {
    await withJournal(async (journal) => {
      await expect(async () => {
        await journal.append('f', { kind: 'started', step: 'a' });
      }).rejects.toThrow(/FOREIGN KEY/);
      await expect(journal.read('f')).resolves.toEqual([]);
    });
  });

  test('that begins a flow a second time, and the first history stays', async () => {
    await withJournal(async (journal) => {
      await journal.append('f', start('spawn'));

      await expect(async () => {
        await journal.append('f', start('spawn'));
      }).rejects.toThrow(/UNIQUE/);
      await expect(journal.read('f')).resolves.toHaveLength(1);
    });
  });
});

describe('a damaged line', () => {
  test.each([
    ['no JSON', '{"kind":"star'],
    ['an event of no known kind', '{"kind":"paused","step":"a"}'],
    ['an event without its step', '{"kind":"started"}'],
    ['nothing', 'null'],
  ])('(%s) is refused with the name of its flow, rather than skipped', async (_what, text) => {
    await withJournal(async (journal, database) => {
      await journal.append('flow-7', start('spawn'));
      database.prepare('insert into event (flow_id, event) values (?, ?)').run('flow-7', text);

      await expect(async () => await journal.read('flow-7')).rejects.toThrow(JournalError);
      await expect(async () => await journal.read('flow-7')).rejects.toThrow('the journal of flow flow-7 is damaged');
    });
  });
});

describe('a flow of which a line is damaged', () => {
  const spoil = (database: DatabaseSync, flowId: string, like: string, text: string) =>
    database.prepare('update event set event = ? where flow_id = ? and event like ?').run(text, flowId, like);

  test.each([
    ['an open flow, in the middle', '%"started"%', []],
    ['a flow that has ended, at its end', '%flow-ended%', [stuck]],
    ['a flow that has ended well, at its end', '%flow-ended%', [{ kind: 'flow-ended', outcome: 'completed' }]],
  ] as const)('%s: is listed as damaged, and hides none of the others', async (_what, like, end) => {
    await withJournal(async (journal, database) => {
      await journal.append('before', start('spawn', 'a'));
      for (const event of [start('spawn', 'b'), { kind: 'started', step: 'x' } as const, ...end]) {
        await journal.append('bad', event);
      }
      await journal.append('after', start('destroy', 'c'));
      spoil(database, 'bad', like, '{"kind":"sta');

      const listed = await journal.list();

      expect(listed.map(({ id, state }) => [id, state])).toEqual([
        ['after', 'running'],
        ['bad', 'damaged'],
        ['before', 'running'],
      ]);
      expect(listed[1]).toMatchObject({
        flow: 'spawn',
        subject: 'b',
        error: expect.stringMatching(/^the journal of flow bad is damaged/) as string,
      });
    });
  });

  test('takes nothing more from a process that did not begin it, and the others do', async () => {
    await withJournal(async (journal, database, path) => {
      for (const id of ['bad', 'good']) await journal.append(id, start('spawn'));
      spoil(database, 'bad', '%', 'not JSON');
      const other = openDatabase(path);
      const restarted = new SqliteJournal(other);
      const end = { kind: 'flow-ended', outcome: 'rolled-back' } as const;

      expect(() => restarted.append('bad', end)).toThrow(JournalError);
      await restarted.append('good', end);

      expect((await restarted.list()).map(({ id, state }) => [id, state])).toEqual([
        ['good', 'rolled-back'],
        ['bad', 'damaged'],
      ]);
      other.close();
    });
  });
});

describe('pruning', () => {
  const end = (outcome: 'completed' | 'rolled-back' | 'stuck') => ({ kind: 'flow-ended', outcome }) as const;

  test('removes flows that ended long ago and all but the newest, and keeps what is open or stuck', async () => {
    await withJournal(async (journal, database) => {
      for (const id of ['old', 'second', 'newest', 'stuck', 'running']) await journal.append(id, start('build', id));
      await journal.append('old', end('completed'));
      await journal.append('second', end('rolled-back'));
      await journal.append('newest', end('completed'));
      await journal.append('stuck', end('stuck'));
      const set = (id: string, endedAt: string) =>
        database.prepare('update flow set ended_at = ? where id = ?').run(endedAt, id);
      set('old', '2026-01-01T00:00:00.000Z');
      set('second', '2026-03-01T00:00:00.000Z');
      set('newest', '2026-03-02T00:00:00.000Z');
      set('stuck', '2026-01-01T00:00:00.000Z');
      const left = async () => (await journal.list()).map(({ id }) => id).toSorted();

      journal.prune({ days: 30, flows: 10 }, Date.parse('2026-03-03'));
      expect(await left()).toEqual(['newest', 'running', 'second', 'stuck']);
      journal.prune({ days: 30, flows: 1 }, Date.parse('2026-03-03'));
      expect(await left()).toEqual(['newest', 'running', 'stuck']);
      expect(database.prepare('select count(*) as n from event').get()).toEqual({ n: 5 });
    });
  });
});
