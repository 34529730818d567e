/*
 * The notifications of the HMC, at the client: waits end with them, and what is lost on the way is noticed. No poll would
 * come in time, so that a test that ends has seen a message.
 */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { Secret } from '../../src/base/index.ts';
import { openHmcSession } from '../../src/hmc-client/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import { PartitionLifecycle } from '../../src/partition/index.ts';
import { cpcUriOf, w, waiting } from '../support/hmc-session.ts';
import { live, next, notified, scene } from '../support/notified-session.ts';
import { eventPolicies } from '../support/notified-session.ts';

const query = 'Query Job Status';

test('the end of a job reaches the wait, which reads the result once', async () => {
  await using s = await scene();
  await live(s.hmc);
  const uri = await s.partition('web1');

  const job = await s.hmc.partitions.start(uri, w);
  const wait = job.wait(waiting);
  s.pass(60_000);
  await wait;

  expect(s.count(query)).toBe(1);
  expect(s.heard.some((each) => each.kind === 'job-completion' && each.uri === job.uri)).toBe(true);
});

test('a job that has ended before its request is answered is read once', async () => {
  await using s = await scene({ timing: { startMs: 0 } });
  await live(s.hmc);
  const uri = await s.partition('web1');

  const job = await s.hmc.partitions.start(uri, w);
  await job.wait(waiting);

  expect(s.count(query)).toBe(1);
});

test('a wait for a status ends with the change', async () => {
  await using s = await scene({ timing: { startMs: 0, stopMs: 0, statusLagMs: 60_000 } });
  await live(s.hmc);
  const uri = await s.partition('web1');
  await (await s.hmc.partitions.start(uri, w)).wait(waiting);
  s.pass(60_000);
  s.simulator.log.clear();
  const policy = { timeoutMs: 600_000, poll: { minDelayMs: 600_000, maxDelayMs: 600_000 }, statusLagMs: 600_000 };

  const stopped = new PartitionLifecycle(s.hmc, policy).ensureStopped({ uri, name: 'web1' }, w, { seen: 'paused' });
  while (s.count('Get Partition Properties') === 0) await new Promise(setImmediate);
  s.pass(60_000);

  await expect(stopped).resolves.toBe('stopped');
  expect(s.count('Get Partition Properties')).toBe(2); // after the end of the job, after the notification
});

test('short waits do not open a connection, a long one does and looks once when it is open', async () => {
  const events = { ...eventPolicies.events, openAfterMs: 600_000 };
  await using short = await scene(
    {},
    { policies: { ...eventPolicies, poll: { minDelayMs: 1, maxDelayMs: 1 }, events } },
  );
  const job = await short.hmc.partitions.start(await short.partition('web1'), w);
  const wait = job.wait(waiting);
  while (short.count(query) < 3) await new Promise(setImmediate);
  short.pass(60_000);
  await wait;
  expect(short.broker.connectionCount).toBe(0);

  await using long = await scene({}, { policies: { ...eventPolicies, events: { ...events, openAfterMs: 0 } } });
  const slow = await long.hmc.partitions.start(await long.partition('web1'), w);
  const opened = next(long.hmc, 'resync');
  const slowWait = slow.wait(waiting);
  await opened;
  while (long.count(query) < 2) await new Promise(setImmediate);
  long.pass(60_000);
  await slowWait;
  expect(long.count(query)).toBe(3); // at the begin, when notifications began to arrive, at the end
});

test('a message that is lost is noticed at the next one', async () => {
  await using s = await scene();
  await live(s.hmc);
  const uri = await s.partition('web1');
  const job = await s.hmc.partitions.start(uri, w);
  s.fault({ type: 'lose' }, 'MESSAGE', { path: 'job$' });
  const wait = job.wait(waiting);
  const gap = next(s.hmc, 'resync');
  s.pass(60_000); // the message of the end
  await s.hmc.partitions.update(uri, { description: 'x' }, w); // the next one

  await gap;
  await wait;
  expect(s.count(query)).toBe(1);
});

test('a message that cannot be read counts as lost', async () => {
  await using s = await scene();
  const uri = await s.partition('web1');
  await live(s.hmc);
  await s.hmc.partitions.update(uri, { description: 'x' }, w); // the first message may have any number
  s.fault({ type: 'malformed' }, 'MESSAGE');
  const gap = next(s.hmc, 'resync');
  await s.hmc.partitions.update(uri, { description: 'y' }, w);

  await gap;
  expect(s.hmc.events.isLive).toBe(true);
});

test('a repeated message is passed on once', async () => {
  await using s = await scene();
  const uri = await s.partition('web1');
  await live(s.hmc);
  s.fault({ type: 'repeat' }, 'MESSAGE', { times: -1 });
  let gaps = 0;
  s.hmc.events.onResync(() => (gaps += 1));

  await s.hmc.partitions.update(uri, { description: 'x' }, w);
  const last = notified(s.hmc, (each) => each.kind === 'property-change' && each.values.get('description') === 'y');
  await s.hmc.partitions.update(uri, { description: 'y' }, w);
  await last;

  expect(s.heard.filter(({ kind }) => kind === 'property-change')).toHaveLength(2);
  expect(gaps).toBeLessThanOrEqual(1); // the first message after the connection may have any number
});

test.each(['drop', 'truncate'] as const)('a connection that breaks (%s) is opened again', async (type) => {
  await using s = await scene();
  await live(s.hmc);
  const uri = await s.partition('web1');
  const job = await s.hmc.partitions.start(uri, w);
  const wait = job.wait(waiting);
  s.fault(type === 'drop' ? { type, when: 'before' } : { type }, 'MESSAGE', { path: 'job$' });
  const [lost, again] = [next(s.hmc, 'interruption'), next(s.hmc, 'resync')];
  s.pass(60_000);

  await lost;
  await again;
  await wait; // its message is lost: the reconnect lets it look
  expect(s.hmc.events.isLive).toBe(true);
  expect(s.broker.connectionCount).toBe(1);
});

test('a consumer that was cut off because it was slow connects again', async () => {
  await using s = await scene({ brokerQueueBytes: 800 });
  const uri = await s.partition('web1');
  await live(s.hmc);
  const [lost, again] = [next(s.hmc, 'interruption'), next(s.hmc, 'resync')];
  s.fault({ type: 'delay', ms: 1 }, 'MESSAGE');

  await s.hmc.partitions.update(uri, { description: 'x'.repeat(1_000) }, w);

  await lost;
  await again;
  expect(s.broker.slowConsumers).toBe(1);
});

test('a broker that is away is tried again, with one warning; meanwhile waits poll', async () => {
  await using s = await scene({}, { policies: { ...eventPolicies, poll: { minDelayMs: 1, maxDelayMs: 1 } } });
  await live(s.hmc);
  const lost = next(s.hmc, 'interruption');
  await s.broker.refuseConnections(true);
  await lost;

  const job = await s.hmc.partitions.start(await s.partition('web1'), w);
  const wait = job.wait(waiting);
  while (s.count(query) < 3) await new Promise(setImmediate);
  s.pass(60_000);
  await wait;
  const again = next(s.hmc, 'resync');
  await s.broker.refuseConnections(false);
  await again;

  const lines = s.logged.map((line) => JSON.parse(line) as { level: number; event?: string });
  expect(lines.filter(({ event, level }) => event === 'hmc.no-notifications' && level >= 30)).toHaveLength(1);
});

test('the subscription follows the session: after a restart of the HMC, and after the end of an idle session', async () => {
  await using s = await scene();
  await live(s.hmc);
  for (let round = 0; round < 2; round += 1) {
    const again = next(s.hmc, 'resync');
    s.simulator.hmc.restart();
    await again;
    expect(s.count('Logon')).toBe(round + 2);
  }
  expect(s.simulator.hmc.sessionCount).toBe(1);
  expect(s.broker.connectionCount).toBe(1);
});

test('a new logon by a request moves the subscription', async () => {
  await using s = await scene();
  await live(s.hmc);
  const before = s.broker.subscriptions;
  const again = next(s.hmc, 'resync');
  s.simulator.faults.add({
    id: 'lost',
    server: 'hmc',
    operation: 'Get CPC Properties',
    kind: { type: 'session-lost' },
  });
  await s.hmc.cpcs.get(cpcUriOf(s.simulator), w);
  await again;

  expect(s.count('Logon')).toBe(2);
  expect(s.broker.subscriptions).not.toEqual(before);
});

test('the subscription follows the session to another HMC', async () => {
  await using first = await startSimulator({ machine: 'z16' });
  const port = first.hmc.broker?.port ?? 0;
  // Both HMCs have the same message port, as in reality: at another address of this host.
  await using second = await startSimulator({ machine: 'z16', host: '127.0.0.2', stompPort: port });
  await using hmc = openHmcSession({
    urls: [first.hmc.url, second.hmc.url],
    userid: first.hmc.username,
    password: async () => new Secret(first.hmc.password),
    policies: eventPolicies,
    messagePort: port,
  });
  await live(hmc);
  const again = next(hmc, 'resync');
  await first.close();
  await hmc.console.get(w);
  await again;

  expect(second.hmc.broker?.connectionCount).toBe(1);
});

test('a refused subscription and a refused logon are tried again, with the session checked', async () => {
  await using s = await scene();
  s.fault({ type: 'refuse', status: 403 }, 'CONNECT', { times: 1 });
  s.fault({ type: 'refuse', status: 403 }, 'SUBSCRIBE', { times: 1 });
  await live(s.hmc);

  expect(s.count('Get Notification Topics')).toBe(2);
  expect(s.count('Logon')).toBe(1);
});

test('a port where nobody answers delays nothing, not even the end of the session', async () => {
  await using silent = await silentPort();
  await using simulator = await startSimulator({ machine: 'z16' });
  const hmc = openHmcSession({
    urls: [simulator.hmc.url],
    userid: simulator.hmc.username,
    password: async () => new Secret(simulator.hmc.password),
    policies: eventPolicies,
    messagePort: silent.port,
  });
  hmc.events.open();
  await hmc.console.get(w);
  await hmc.close(w);

  expect(simulator.hmc.sessionCount).toBe(0);
});

test('a certificate of another authority is refused on the message port too', async () => {
  await using simulator = await startSimulator({ machine: 'z16', tls: true });
  await using other = await scene();
  await using hmc = openHmcSession({
    urls: [simulator.hmc.url],
    userid: simulator.hmc.username,
    password: async () => new Secret(simulator.hmc.password),
    tls: { ca: simulator.ca?.pem },
    policies: eventPolicies,
    messagePort: other.broker.port,
  });
  await hmc.console.get(w);
  hmc.events.open();
  for (let tries = 0; tries < 100; tries += 1) await new Promise(setImmediate);

  expect(hmc.events.isLive).toBe(false);
  expect(other.broker.connectionCount).toBe(0);
});

test('port 0 never connects', async () => {
  await using s = await scene({}, { messagePort: 0 });
  s.hmc.events.open();
  await s.hmc.console.get(w);
  expect(s.broker.connectionCount).toBe(0);
});

test('what the broker quotes of the credentials does not reach the log', async () => {
  await using s = await scene();
  let session = '';
  const { hmc } = s;
  s.fault({ type: 'refuse', status: 403 }, 'CONNECT');
  await live(hmc);
  const [topic = ''] = s.broker.subscriptions;
  session = s.logged.join('');
  expect(session).toContain('the broker refused it (\\"refused by a fault rule\\")');
  expect(session).not.toContain('passcode');
  expect(topic).not.toBe('');
});

/** A port that accepts connections and says nothing. */
async function silentPort(): Promise<{ readonly port: number } & AsyncDisposable> {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
