import { describe, expect, test } from 'vitest';
import { MemoryJournal, summarize } from './journal.ts';
import type { JournalEvent } from './index.ts';

const start = (flow: string, subject?: string): JournalEvent => ({ kind: 'flow-started', flow, input: null, subject });
const completed: JournalEvent = { kind: 'flow-ended', outcome: 'completed' };
const rolledBack: JournalEvent = { kind: 'flow-ended', outcome: 'rolled-back', error: 'refused' };
const stuck: JournalEvent = { kind: 'flow-ended', outcome: 'stuck', error: 'away', leftBehind: ['partition p'] };

async function filled(): Promise<MemoryJournal> {
  const journal = new MemoryJournal();
  const flows: [string, JournalEvent[]][] = [
    ['running', [start('spawn', 'web1'), { kind: 'started', step: 'a' }]],
    ['completed', [start('spawn', 'web1'), completed]],
    ['rolled-back', [start('destroy', 'web2'), rolledBack]],
    ['stuck', [start('destroy', 'web2'), stuck]],
  ];
  for (const [id, events] of flows) for (const event of events) await journal.append(id, event);
  return journal;
}

describe('a journal in memory', () => {
  test('gives back what it was given, in order', async () => {
    const journal = await filled();

    await expect(journal.read('completed')).resolves.toEqual([start('spawn', 'web1'), completed]);
    await expect(journal.read('never')).resolves.toEqual([]);
  });

  test('gives a copy: a reader cannot write', async () => {
    const journal = await filled();
    const events = (await journal.read('completed')) as JournalEvent[]; // what a careless reader might do
    events.length = 0;

    await expect(journal.read('completed')).resolves.toHaveLength(2);
  });

  test('lists the newest flow first', async () => {
    const ids = (await (await filled()).list()).map(({ id }) => id);

    expect(ids).toEqual(['stuck', 'rolled-back', 'completed', 'running']);
  });

  test('lists as open what runs and what is stuck', async () => {
    const ids = (await (await filled()).list({ open: true })).map(({ id }) => id);

    expect(ids).toEqual(['stuck', 'running']);
  });

  test('lists the flows of one subject, and both conditions together', async () => {
    const journal = await filled();

    expect((await journal.list({ subject: 'web1' })).map(({ id }) => id)).toEqual(['completed', 'running']);
    expect((await journal.list({ subject: 'web1', open: true })).map(({ id }) => id)).toEqual(['running']);
    expect(await journal.list({ subject: 'web3' })).toEqual([]);
  });
});

describe('the summary of a flow', () => {
  const summary = (...events: JournalEvent[]) => summarize('f', '2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z', events);

  test('says what it left behind, and when it ended', () => {
    expect(summary(start('destroy', 'web2'), stuck)).toEqual({
      id: 'f',
      flow: 'destroy',
      subject: 'web2',
      parent: undefined,
      state: 'stuck',
      startedAt: '2026-01-01T00:00:00Z',
      endedAt: '2026-01-01T00:01:00Z',
      error: 'away',
      leftBehind: ['partition p'],
    });
  });

  test.each([
    ['goes forward', { kind: 'started', step: 'b' }],
    ['goes back', { kind: 'undo-started', step: 'a' }],
  ] as const)('says of a stuck flow that %s again that it is running', (_how, event) => {
    expect(summary(start('destroy'), { kind: 'started', step: 'a' }, stuck, event)).toMatchObject({
      state: 'running',
      endedAt: undefined,
      error: undefined,
      leftBehind: [],
    });
  });

  test('takes the last end of a flow that was taken up again', () => {
    expect(summary(start('destroy'), stuck, rolledBack)).toMatchObject({ state: 'rolled-back', error: 'refused' });
  });

  test('of nothing at all is a flow of unknown name, still running', () => {
    expect(summary()).toMatchObject({ flow: '?', state: 'running' });
  });
});
