/* What the simulated HMC tells the clients of its message broker. */
import { afterEach, describe, expect, it } from 'vitest';

import { startSimulator } from '../../src/simulator/index.ts';
import { bench, bootablePartition, Caller, newHba, newPartition, otherUser, text, type Bench } from './hmc-support.ts';
import {
  connected,
  endPeers,
  openTopics,
  stranger,
  subscribed,
  type Received,
  type StompPeer,
  type Topics,
} from './stomp-peer.ts';

afterEach(endPeers);

interface Scene {
  readonly of: Bench;
  readonly topics: Topics;
  readonly peer: StompPeer;
}

async function scene(options: Parameters<typeof bench>[0] = {}): Promise<Scene> {
  const of = await bench(options);
  const topics = await openTopics(of);
  return { of, topics, peer: await subscribed(of, topics) };
}

/** Type and subject of a notification, with what it says of it. */
function inShort({ headers, body }: Received): string {
  const what = headers.action ?? headers['property-names']?.trim() ?? headers['job-uri']?.replace(/[^/]+$/u, '') ?? '';
  const reports = body === '' ? [] : ((JSON.parse(body) as { 'change-reports'?: Change[] })['change-reports'] ?? []);
  const statuses = reports.flatMap((report) => report['new-status'] ?? []);
  return [headers['notification-type'], headers.class, what, ...statuses]
    .filter((word) => word !== '' && word !== undefined)
    .join(' ');
}

interface Change {
  readonly 'property-name'?: string;
  readonly 'old-value'?: unknown;
  readonly 'new-value'?: unknown;
  readonly 'new-status'?: string;
}

async function heard({ peer, topics }: Scene): Promise<string[]> {
  return (await peer.sofar(topics)).map(inShort);
}

describe('notifications', () => {
  it('of a partition from its creation to its deletion', async () => {
    const stage = await scene();
    const { of } = stage;

    const { partition, hba } = await bootablePartition(of);
    expect(await heard(stage)).toEqual([
      'inventory-change partition add',
      'inventory-change hba add',
      'property-change partition hba-uris',
      'property-change partition boot-device boot-storage-device boot-world-wide-port-name boot-logical-unit-number',
    ]);

    await of.caller.job(`${partition}/operations/start`);
    expect(await heard(stage)).toEqual([
      'status-change partition starting',
      'property-change partition partition-id os-name os-type os-version',
      'status-change partition active',
      'job-completion /api/jobs/',
    ]);

    await of.caller.job(`${partition}/operations/stop`);
    await of.caller.post(partition, { description: 'x' });
    await of.caller.post(text(hba['element-uri']), { name: 'h' });
    await of.caller.delete(text(hba['element-uri']));
    await of.caller.delete(partition);
    expect(await heard(stage)).toEqual([
      'status-change partition stopping',
      'job-completion /api/jobs/',
      'property-change partition os-name os-type os-version partition-id',
      'status-change partition stopped',
      'property-change partition description',
      'property-change hba name',
      'property-change partition boot-storage-device boot-device hba-uris',
      'inventory-change hba remove',
      'inventory-change partition remove',
    ]);
  });

  it('have the headers and the body of their type', async () => {
    const { of, peer } = await scene();
    const partition = await newPartition(of);
    const common = {
      destination: '/topic/nova.2',
      subscription: 'o',
      class: 'partition',
      name: 'p1',
      'object-uri': partition,
      'object-id': partition.split('/').at(-1),
    };

    expect(await peer.next()).toMatchObject({
      command: 'MESSAGE',
      headers: { ...common, 'notification-type': 'inventory-change', action: 'add', 'session-sequence-nr': '0' },
      body: '',
    });

    const hba = await newHba(of, partition);
    expect((await peer.next()).headers).toMatchObject({
      ...common,
      class: 'hba',
      name: 'vhba0',
      'element-uri': hba['element-uri'],
      'element-id': hba['element-id'],
    });
    const { headers, body } = await peer.next();
    expect(headers).toMatchObject({ ...common, 'property-names': ' hba-uris ', 'session-sequence-nr': '2' });
    expect(JSON.parse(body)).toEqual({
      'change-reports': [{ 'property-name': 'hba-uris', 'old-value': null, 'new-value': [hba['element-uri']] }],
    });

    const { body: started } = await of.caller.post(`${partition}/operations/start`);
    expect(JSON.parse((await peer.next()).body)).toEqual({
      'change-reports': [{ 'old-status': 'stopped', 'new-status': 'starting', 'has-unacceptable-status': true }],
    });
    let last = await peer.next();
    while (last.headers['notification-type'] !== 'job-completion') last = await peer.next();
    expect(last).toMatchObject({ headers: { 'job-uri': started['job-uri'], subscription: 'j' }, body: '' });
    expect(last.headers).not.toHaveProperty('object-uri');
  });

  it('report a property once for each request, from the old value to the new one, and never a password', async () => {
    const { of, peer } = await scene();
    const partition = await newPartition(of, { 'acceptable-status': ['active'] });
    await peer.next();

    await of.caller.post(partition, {
      description: 'x',
      'acceptable-status': ['active', 'stopped'],
      'boot-ftp-password': 'let-me-in',
    });

    const { headers, body } = await peer.next();
    expect(headers['property-names']).toBe(' description acceptable-status boot-ftp-password ');
    expect(JSON.parse(body)).toEqual({
      'change-reports': [
        { 'property-name': 'description', 'old-value': '', 'new-value': 'x' },
        { 'property-name': 'acceptable-status', 'old-value': null, 'new-value': ['stopped'] },
        { 'property-name': 'boot-ftp-password', 'old-value': null, 'new-value': null },
      ],
    });
  });

  it('tell what an operator does at the console, and a guest that ends by itself', async () => {
    const stage = await scene();
    const { of } = stage;
    const { partition } = await bootablePartition(of);
    await of.caller.job(`${partition}/operations/start`);
    await heard(stage);

    of.hmc.endFromInside(partition, 'paused');
    const adapter = of.hmc.model.all('adapter')[0];
    if (adapter !== undefined) adapter.props.status = 'exceptions';
    const cpc = of.hmc.model.find('cpc', of.cpc);
    if (cpc !== undefined) cpc.props.status = 'degraded';

    const all = await heard(stage);
    expect(all.filter((line) => line.startsWith('status-change'))).toEqual([
      'status-change partition paused',
      'status-change adapter exceptions',
      'status-change cpc degraded',
    ]);
  });

  it('of a storage group and its elements on a z16', async () => {
    const stage = await scene({ machine: 'z16' });
    const { of } = stage;

    const { body } = await of.caller.post('/api/storage-groups', {
      name: 'g1',
      type: 'fcp',
      'cpc-uri': of.cpc,
      connectivity: 2,
      'storage-volumes': [{ operation: 'create', name: 'v1', size: 10, usage: 'boot' }],
    });

    const lines = await heard(stage);
    expect(lines.slice(0, 2)).toEqual(['inventory-change storage-group add', 'inventory-change storage-volume add']);
    await of.caller.post(`${text(body['object-uri'])}/operations/delete`);
    expect((await heard(stage)).at(-1)).toBe('inventory-change storage-group remove');
  });

  it('only of objects that the user may access, and jobs only of the session that started them', async () => {
    const hidden = { ...otherUser, hidden: ['p1'] };
    const of = await bench({ users: [{ userid: 'admin', password: 'a' }, hidden] });
    const others = await openTopics(of, hidden.userid, hidden.password);
    const second = await openTopics(of);
    const own = await openTopics(of);
    const peers = [];
    for (const topics of [own, second, others]) peers.push({ topics, peer: await subscribed(of, topics) });

    const partition = await newPartition(of);
    await newHba(of, partition);
    await newPartition(of, { name: 'p2' });
    await of.caller.job(`${partition}/operations/start`);
    await of.caller.delete(partition);

    const [mine = [], colleagues = [], strangers = []] = await Promise.all(
      peers.map(async ({ peer, topics }) => await heard({ of, peer, topics })),
    );
    expect(strangers).toEqual(['inventory-change partition add']);
    expect(mine.filter((line) => !line.startsWith('job'))).toEqual(colleagues);
    expect(mine.filter((line) => line.startsWith('job'))).toHaveLength(1);
  });

  it('of a job that is canceled, and none of one that is lost', async () => {
    const stage = await scene({ timing: { startMs: 1_000 } });
    const { of } = stage;
    const partition = await newPartition(of);
    const { body } = await of.caller.post(`${partition}/operations/start`);
    await of.caller.post(`${text(body['job-uri'])}/operations/cancel`);
    expect((await heard(stage)).at(-1)).toBe('job-completion /api/jobs/');

    of.fault({ type: 'job', outcome: 'lost' }, 'Start Partition');
    await of.caller.post(`${partition}/operations/start`);
    of.clock.advance(2_000);
    of.hmc.settle();

    expect((await heard(stage)).filter((line) => line.startsWith('job'))).toEqual([]);
  });

  it('come when a job ends, without any request', async () => {
    await using sim = await startSimulator({ timing: { startMs: 200, statusLagMs: 20 }, volumes: [] });
    const caller = new Caller(sim.hmc.url);
    const of = { ...(await bench()), hmc: sim.hmc, caller, cpc: `/api/cpcs/${sim.hmc.cpcObjectId}` };
    const topics = await openTopics(of);
    const peer = await subscribed(of, topics);
    const partition = await newPartition(of);

    const { body } = await caller.post(`${partition}/operations/start`);
    const requests = sim.log.entries.length;
    let last = await peer.next();
    while (last.headers['notification-type'] !== 'job-completion') last = await peer.next();

    expect(last.headers['job-uri']).toBe(body['job-uri']);
    expect(sim.log.entries).toHaveLength(requests);
  });
});

describe('operating-system messages', () => {
  const shown = ({ body }: Received) =>
    (JSON.parse(body) as { 'os-messages': Record<string, unknown>[] })['os-messages'].map((message) => [
      message['sequence-number'],
      message['message-text'],
      message['is-refresh'],
    ]);

  it.each(['z13', 'z16'] as const)(
    'on a %s come from the channel: first those that exist, then each new one',
    async (machine) => {
      const of = await bench({ machine, storageManagement: false });
      const topics = await openTopics(of);
      const { partition } = await bootablePartition(of);
      await of.caller.job(`${partition}/operations/start`);
      const { body } = await of.caller.post(`${partition}/operations/open-os-message-channel`);
      const before = of.hmc.osMessages(partition).length;

      const peer = await connected(of, topics);
      peer.send('SUBSCRIBE', { id: 'os', destination: `/topic/${text(body['topic-name'])}` });
      const first = await peer.next();
      of.hmc.say(partition, ['one', 'two']);

      expect(first.headers).toMatchObject({
        'notification-type': 'os-message',
        class: 'partition',
        'object-uri': partition,
      });
      expect(shown(first)).toHaveLength(before);
      expect(shown(first).every(([, , isRefresh]) => isRefresh === true)).toBe(true);
      expect(shown(await peer.next())).toEqual([
        [before + 1, 'one\n', false],
        [before + 2, 'two\n', false],
      ]);
    },
  );

  it('without refresh are only the new ones; Get Notification Topics lists the topic', async () => {
    const of = await bench();
    const topics = await openTopics(of);
    const { partition } = await bootablePartition(of);
    await of.caller.job(`${partition}/operations/start`);
    await of.caller.post(`${partition}/operations/open-os-message-channel`, { 'include-refresh-messages': false });

    const { body } = await of.caller.get('/api/sessions/operations/get-notification-topics');
    const list = body.topics as Record<string, unknown>[];
    expect(list).toEqual([
      { 'topic-type': 'object-notification', 'topic-name': 'nova.2' },
      { 'topic-type': 'job-notification', 'topic-name': 'nova.2job' },
      { 'topic-type': 'audit-notification', 'topic-name': 'nova.2aud' },
      { 'topic-type': 'security-notification', 'topic-name': 'nova.2sec' },
      {
        'topic-type': 'os-message-notification',
        'topic-name': 'nova.2os1',
        'object-uri': partition,
        'include-refresh-messages': false,
      },
    ]);
    const peer = await connected(of, topics);
    for (const [index, topic] of list.entries()) {
      peer.send('SUBSCRIBE', { id: String(index), destination: `/topic/${text(topic['topic-name'])}`, receipt: 'r' });
      expect((await peer.next()).command).toBe('RECEIPT');
    }
    of.hmc.say(partition, ['new']);
    expect(shown(await peer.next())).toMatchObject([[expect.any(Number), 'new\n', false]]);
  });
});

describe('faults of the broker', () => {
  /** The sequence numbers of what arrives while three partitions are created. */
  async function numbers({ of, peer, topics }: Scene): Promise<string[]> {
    for (const name of ['a', 'b', 'c']) await newPartition(of, { name });
    return (await peer.sofar(topics)).map(({ headers }) => text(headers['session-sequence-nr']));
  }

  it('lose a message, which leaves a gap in the sequence numbers', async () => {
    const stage = await scene();
    stage.of.fault({ type: 'lose' }, 'MESSAGE', { server: 'broker', when: { skip: 1 } });
    expect(await numbers(stage)).toEqual(['0', '2']);
  });

  it('repeat a message', async () => {
    const stage = await scene();
    stage.of.fault({ type: 'repeat' }, 'MESSAGE', { server: 'broker', match: { body: '"name":"b"' } });
    expect(await numbers(stage)).toEqual(['0', '1', '1', '2']);
  });

  it('delay a message and those behind it', async () => {
    const stage = await scene();
    stage.of.fault({ type: 'delay', ms: 30 }, 'MESSAGE', { server: 'broker' });
    expect(await numbers(stage)).toEqual(['0', '1', '2']);
  });

  it.each(['before', 'after'] as const)('drop the connection %s a message', async (when) => {
    const { of, peer } = await scene();
    of.fault({ type: 'drop', when }, 'MESSAGE', { server: 'broker' });

    await newPartition(of);

    if (when === 'after') expect((await peer.next()).command).toBe('MESSAGE');
    await peer.closed();
    await expect(peer.next()).rejects.toThrow('closed');
  });

  it.each([
    ['malformed', ['MESSAGE']],
    ['truncate', []],
  ] as const)('send a message that is damaged: %s', async (type, commands) => {
    const { of, peer } = await scene();
    of.fault({ type }, 'MESSAGE', { server: 'broker' });

    await newPartition(of);

    for (const command of commands) {
      const frame = await peer.next();
      expect(frame.command).toBe(command);
      expect(() => JSON.parse(frame.body) as unknown).toThrow();
    }
    if (type === 'truncate') await peer.closed();
  });

  it('refuse a logon and a subscription', async () => {
    const { of, topics } = await scene();
    of.fault({ type: 'refuse', status: 503, message: 'not now' }, 'SUBSCRIBE', { server: 'broker' });
    const peer = await connected(of, topics);
    peer.send('SUBSCRIBE', { id: '1', destination: `/topic/${topics.job}` });
    expect(await peer.failure()).toBe('not now');

    of.fault({ type: 'drop', when: 'before' }, 'CONNECT', { id: 'second', server: 'broker' });
    await expect(connected(of, topics)).rejects.toThrow('closed');
  });

  it('refuse connections, and resume', async () => {
    const { of, topics, peer } = await scene();
    await of.hmc.broker?.refuseConnections(true);
    await peer.closed();
    await expect(stranger(of)).rejects.toThrow('ECONNREFUSED');

    await of.hmc.broker?.refuseConnections(false);
    of.fault({ type: 'refuse-connection' }, '*', { server: 'broker' });
    await expect(connected(of, topics)).rejects.toThrow(/closed|ECONNRESET/u);
    await subscribed(of, topics);
  });

  it('end the session', async () => {
    const { of, peer } = await scene();
    of.fault({ type: 'session-lost' }, 'MESSAGE', { server: 'broker' });
    await newPartition(of);

    expect(await peer.failure()).toMatch(/has ended/u);
    expect(of.hmc.sessionCount).toBe(1); // that of the bench
  });

  it('a client that reads too slowly is cut off, and the others are not', async () => {
    const of = await bench({ brokerQueueBytes: 10_000 });
    const topics = await openTopics(of);
    const { partition } = await bootablePartition(of);
    await of.caller.job(`${partition}/operations/start`);
    const { body } = await of.caller.post(`${partition}/operations/open-os-message-channel`);
    const destination = `/topic/${text(body['topic-name'])}`;
    const slow = await connected(of, topics);
    const quick = await subscribed(of, topics);
    slow.send('SUBSCRIBE', { id: '1', destination, receipt: 'r' });
    await slow.next();
    slow.pause();

    // What the operating system buffers comes first.
    for (let round = 0; round < 200 && of.hmc.broker?.slowConsumers === 0; round += 1) {
      of.hmc.say(partition, ['x'.repeat(200_000)]);
      await of.caller.get('/api/console');
    }
    slow.resume();
    await slow.closed();

    expect(of.hmc.broker?.slowConsumers).toBe(1);
    expect(await quick.sofar(topics)).toEqual([]);
  });
});
