import { expect, test } from 'vitest';
import { EventLog } from './events.ts';
import type { LoggedEvent } from './events.ts';

const started = (instanceUuid: string) => ({ instanceUuid, transition: 'started', at: new Date(0) }) as const;

function listen(log: EventLog, lastId?: string) {
  const seen: LoggedEvent[] = [];
  const end = log.listen(lastId, (event) => seen.push(event));
  return { seen, end, what: () => seen.map(({ id, event }) => `${id} ${event}`) };
}

test('a client gets what happens from now on, and the rest when it comes back', () => {
  const log = new EventLog('e');
  log.append(started('a'));
  const first = listen(log);
  log.append(started('b'));
  first.end();
  log.append(started('c'));

  expect(first.seen).toEqual([
    {
      id: 'e-2',
      event: 'lifecycle',
      data: { instance_uuid: 'b', transition: 'started', at: '1970-01-01T00:00:00.000Z' },
    },
  ]);
  expect(listen(log, 'e-2').what()).toEqual(['e-3 lifecycle']);
  expect(listen(log, 'e-3').what()).toEqual([]);
});

test.each(['e-0', 'x-1', 'e-99', 'e-', 'nonsense'])('the id %s, which cannot be resumed, gives a resync', (id) => {
  const log = new EventLog('e');
  for (let count = 0; count < 1_001; count += 1) log.append(started('a'));

  expect(listen(log, id === 'e-99' ? 'e-9999' : id).what()).toEqual(['e-1001 resync']);
});

test('a gap of the source is a resync for every client, also for one that comes back', () => {
  const log = new EventLog('e');
  log.append(started('a'));
  const client = listen(log);

  log.resync();

  expect(client.what()).toEqual(['e-2 resync']);
  expect(listen(log, 'e-1').what()).toEqual(['e-2 resync']);
});
