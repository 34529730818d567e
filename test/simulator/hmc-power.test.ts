/* Start and stop of partitions on the simulated HMC, with boot from a simulated LUN. */
import { describe, expect, it } from 'vitest';

import {
  bench,
  bootablePartition,
  bootDisk,
  newHba,
  newPartition,
  otherUser,
  Caller,
  statusOf,
  text,
  type Bench,
} from './hmc-support.ts';
import type { Props } from '../../src/simulator/hmc/index.ts';

const start = (of: Bench, partition: string): Promise<Props> => of.caller.job(`${partition}/operations/start`);
const stop = (of: Bench, partition: string): Promise<Props> => of.caller.job(`${partition}/operations/stop`);
const success = { status: 'complete', 'job-status-code': 204, 'job-results': null };

describe('Start Partition', () => {
  it('boots from the LUN that the boot properties name, logs the ports in, and shows the system', async () => {
    const of = await bench();
    const { partition, hba } = await bootablePartition(of);

    expect(await start(of, partition)).toEqual(success);

    expect((await of.caller.get(partition)).body).toMatchObject({
      status: 'active',
      'has-unacceptable-status': false,
      'partition-id': '00',
      'os-type': 'Linux',
    });
    expect(of.san.isLoggedIn(text(hba.wwpn))).toBe(true);
  });

  it.each<[string, (of: Bench, boot: { partition: string; hba: Props; target: string; lun: string }) => unknown]>([
    [
      'a WWPN that no port has',
      (of, { partition }) => of.caller.post(partition, { 'boot-world-wide-port-name': '5005076800000001' }),
    ],
    [
      'a target on the other fabric',
      (of, { partition, target }) =>
        of.caller.post(partition, { 'boot-world-wide-port-name': target.replace('50050768011', '50050768021') }),
    ],
    [
      'another LUN',
      (of, { partition }) => of.caller.post(partition, { 'boot-logical-unit-number': '0007000000000000' }),
    ],
    [
      'a LUN in the wrong byte',
      (of, { partition }) => of.caller.post(partition, { 'boot-logical-unit-number': '0000000000000002' }),
    ],
    ['no mask', (of) => of.san.unmask('disk')],
    ['no zone', (of, { hba }) => of.san.unzone(text(hba.wwpn))],
    ['a target port that is down', (of, { target }) => of.san.setPortOnline(target, false)],
    ['an empty disk', (of) => of.san.updateVolume('disk', { bootable: false })],
    ['an adapter that is down', (of) => (of.hmc.model.all('adapter')[0]!.props.status = 'not-active')],
  ])('does not get a partition active with %s: its job is complete, its status paused', async (_, spoil) => {
    const of = await bench();
    const boot = await bootablePartition(of);
    await spoil(of, boot);

    expect(await start(of, boot.partition)).toEqual(success);

    expect(await statusOf(of, boot.partition)).toBe('paused');
  });

  it.each(['terminated', 'starting'] as const)(
    'leaves a failed load in status %s if the machine is told to',
    async (end) => {
      const of = await bench({ bootFailure: end });
      const { partition } = await bootablePartition(of);
      of.san.unmask('disk');

      await start(of, partition);

      expect(await statusOf(of, partition)).toBe(end);
      of.clock.advance(60_000);
      expect(await statusOf(of, partition)).toBe(end === 'starting' ? 'paused' : end);
    },
  );

  it('without a boot device ends paused, with the ports logged in and no messages', async () => {
    const of = await bench({ machine: 'z13' });
    const partition = await newPartition(of);
    const { wwpn } = await newHba(of, partition);

    await start(of, partition);

    expect(await statusOf(of, partition)).toBe('paused');
    expect(of.san.isLoggedIn(text(wwpn))).toBe(true);
    expect(await of.caller.post(`${partition}/operations/open-os-message-channel`, {})).toMatchObject({
      status: 409,
      reason: 332,
    });
    await stop(of, partition);
    expect(of.san.isLoggedIn(text(wwpn))).toBe(false);
  });

  it('is degraded when another adapter of the partition is down', async () => {
    const of = await bench();
    const { partition } = await bootablePartition(of);
    await newHba(of, partition, 'vhba1', 1);
    const adapter = of.ports[1]!.split('/storage-ports')[0]!;
    of.hmc.model.find('adapter', adapter)!.props.status = 'not-active';

    await start(of, partition);

    expect((await of.caller.get(partition)).body).toMatchObject({ status: 'degraded', 'degraded-adapters': [adapter] });
    await stop(of, partition);
    expect((await of.caller.get(partition)).body).toMatchObject({ status: 'stopped', 'degraded-adapters': [] });
  });

  it.each<[string, Props, Props]>([
    ['memory', { cpcMemoryMib: 2048 }, { 'initial-memory': 2048, 'maximum-memory': 2048 }],
    ['dedicated processors', { cpcIfls: 2 }, { 'processor-mode': 'dedicated', 'ifl-processors': 2 }],
  ])('ends in reservation-error when %s is used up, and works when it is free again', async (_, machine, more) => {
    const of = await bench(machine);
    const first = await newPartition(of, more);
    const second = await newPartition(of, { name: 'p2', ...more });
    await start(of, first);

    expect(await start(of, second)).toEqual(success);
    expect(await statusOf(of, second)).toBe('reservation-error');
    expect(await of.caller.post(`${second}/operations/stop`)).toMatchObject({ status: 409, reason: 1 });
    await stop(of, first);
    await start(of, second);

    expect(await statusOf(of, second)).toBe('paused');
  });

  it('ends in reservation-error beyond the number of active partitions that the machine can have', async () => {
    const of = await bench({ machine: 'z14', reservationErrorJob: 'failed' });
    of.hmc.model.find('cpc', of.cpc)!.props['maximum-partitions'] = 1;
    const [first, second] = [await newPartition(of), await newPartition(of, { name: 'p2' })];
    await start(of, first);

    expect(await start(of, second)).toMatchObject({ status: 'complete', 'job-status-code': 409 });
    expect(await statusOf(of, second)).toBe('reservation-error');
  });

  it('counts memory of started partitions and of those that reserve it while stopped', async () => {
    const of = await bench();
    const available = async () => Number((await of.caller.get(of.cpc)).body['storage-customer-available']);
    const before = await available();
    const partition = await newPartition(of);
    await newPartition(of, { name: 'p2', 'reserve-resources': true });

    expect(await available()).toBe(before - 1024);
    await start(of, partition);
    expect(await available()).toBe(before - 2048);
  });

  it.each([
    ['z13', 'error'],
    ['z16', 'message'],
  ] as const)('is accepted for a partition that runs, and its job fails (%s)', async (machine, key) => {
    const of = await bench({ machine });
    const partition = await newPartition(of);
    await start(of, partition);

    const job = await start(of, partition);

    expect(job).toMatchObject({ status: 'complete', 'job-status-code': 409, 'job-reason-code': 1 });
    expect(job['job-results']).toHaveProperty(key);
    expect(await statusOf(of, partition)).toBe('paused');
  });

  it('is refused with 409.1 while the partition starts or stops', async () => {
    const of = await bench({ timing: { startMs: 100, stopMs: 100 } });
    const partition = await newPartition(of);
    await of.caller.post(`${partition}/operations/start`);

    for (const operation of ['start', 'stop']) {
      expect(await of.caller.post(`${partition}/operations/${operation}`)).toMatchObject({ status: 409, reason: 1 });
    }
    of.clock.advance(100);
    expect(await statusOf(of, partition)).toBe('paused');
    await of.caller.post(`${partition}/operations/stop`);
    expect(await of.caller.post(`${partition}/operations/start`)).toMatchObject({ status: 409, reason: 1 });
  });
});

describe('the time that things take', () => {
  it('shows starting, then paused after the job, then active', async () => {
    const of = await bench({ timing: { startMs: 1000, statusLagMs: 500 } });
    const { partition } = await bootablePartition(of);
    const { body } = await of.caller.post(`${partition}/operations/start`);
    const job = async () => (await of.caller.get(text(body['job-uri']))).body.status;
    const seen = async (): Promise<unknown[]> => [await job(), await statusOf(of, partition)];

    expect(await seen()).toEqual(['running', 'starting']);
    of.clock.advance(999);
    expect(await seen()).toEqual(['running', 'starting']);
    of.clock.advance(1);
    expect(await seen()).toEqual(['complete', 'paused']);
    of.clock.advance(500);
    expect(await seen()).toEqual(['complete', 'active']);
  });

  it('shows stopping until the status has followed the job', async () => {
    const of = await bench({ timing: { stopMs: 1000, statusLagMs: 500 } });
    const { partition } = await bootablePartition(of);
    await start(of, partition);
    of.clock.advance(500);
    await of.caller.post(`${partition}/operations/stop`);

    of.clock.advance(1000);
    expect(await statusOf(of, partition)).toBe('stopping');
    of.clock.advance(500);
    expect(await statusOf(of, partition)).toBe('stopped');
  });

  it('does not let a late status of one start disturb the stop that follows it', async () => {
    const of = await bench({ timing: { statusLagMs: 500 } });
    const { partition } = await bootablePartition(of);
    await start(of, partition);
    of.clock.advance(300);
    expect(await statusOf(of, partition)).toBe('paused');
    await stop(of, partition);

    of.clock.advance(300);
    expect(await statusOf(of, partition)).toBe('stopping');
    of.clock.advance(200);
    expect(await statusOf(of, partition)).toBe('stopped');
  });
});

describe('Stop Partition', () => {
  it('gives everything back: status, id, logins', async () => {
    const of = await bench();
    const { partition, hba } = await bootablePartition(of);
    const before = of.hmc.snapshot();
    await start(of, partition);

    expect(await stop(of, partition)).toEqual(success);

    expect(of.hmc.snapshot()).toEqual(before);
    expect(of.san.isLoggedIn(text(hba.wwpn))).toBe(false);
    expect(await of.caller.post(`${partition}/operations/stop`)).toMatchObject({ status: 409, reason: 1 });
  });

  it.each(['paused', 'terminated'] as const)(
    'is what a partition needs that its own system left %s',
    async (status) => {
      const of = await bench();
      const { partition } = await bootablePartition(of);
      await start(of, partition);
      of.hmc.endFromInside(partition, status);

      expect(await of.caller.delete(partition)).toMatchObject({ status: 409, reason: 1 });
      expect(await start(of, partition)).toMatchObject({ 'job-status-code': 409 });
      await stop(of, partition);

      expect((await of.caller.delete(partition)).status).toBe(204);
    },
  );
});

describe('jobs', () => {
  it('can be cancelled while they run, which takes the start back', async () => {
    const of = await bench({ timing: { startMs: 1000, cancelMs: 100 } });
    const partition = await newPartition(of);
    const { body } = await of.caller.post(`${partition}/operations/start`);
    const job = text(body['job-uri']);

    expect(await of.caller.delete(job)).toMatchObject({ status: 409, reason: 40 });
    expect((await of.caller.post(`${job}/operations/cancel`)).status).toBe(202);
    expect((await of.caller.get(job)).body).toEqual({ status: 'cancel-pending' });
    expect(await of.caller.post(`${job}/operations/cancel`)).toMatchObject({ status: 409, reason: 42 });
    of.clock.advance(1000);
    expect((await of.caller.get(job)).body).toMatchObject({ status: 'canceled', 'job-status-code': 409 });
    expect(await of.caller.post(`${job}/operations/cancel`)).toMatchObject({ status: 409, reason: 41 });
    expect(await statusOf(of, partition)).toBe('stopped');
    expect((await of.caller.delete(job)).status).toBe(204);
    expect(await of.caller.get(job)).toMatchObject({ status: 404, reason: 1 });
    expect(of.hmc.jobCount).toBe(0);
  });

  it('belong to their user: a new session sees them, another user does not, a restart does not stop them', async () => {
    const admin = { userid: 'admin', password: 'admin' };
    const of = await bench({ users: [admin, otherUser], timing: { startMs: 1000 } });
    const partition = await newPartition(of);
    const { body } = await of.caller.post(`${partition}/operations/start`);
    const job = text(body['job-uri']);
    const other = new Caller(of.hmc.url);
    await other.logon(otherUser.userid, otherUser.password);

    expect(await other.get(job)).toMatchObject({ status: 404, reason: 1 });
    of.hmc.restart();
    await of.caller.logon(admin.userid, admin.password);
    of.clock.advance(1000);

    expect((await of.caller.get(job)).body).toEqual(success);
  });

  it('that cannot be cancelled say so with 404.4, and ended ones are forgotten in time', async () => {
    const of = await bench({ timing: { jobMs: 1000, jobRetentionMs: 5000 } });
    const { partition } = await bootablePartition(of);
    await start(of, partition);
    const { body } = await of.caller.post(`${partition}/operations/psw-restart`);
    const job = text(body['job-uri']);

    expect(await of.caller.post(`${job}/operations/cancel`)).toMatchObject({ status: 404, reason: 4 });
    of.clock.advance(6000);
    expect((await of.caller.get(job)).body).toEqual(success);
    of.clock.advance(5001);

    expect(await of.caller.get(job)).toMatchObject({ status: 404, reason: 1 });
  });
});

describe('operating system messages', () => {
  it('tell why a load failed, with the path that was tried', async () => {
    const of = await bench({ machine: 'z14' });
    const partition = await newPartition(of, { 'boot-device': 'test-operating-system' });
    const messages = () => of.caller.get(`${partition}/operations/list-os-messages`);

    expect(await messages()).toMatchObject({ status: 409, reason: 332 });
    await start(of, partition);

    const { 'os-messages': shown } = (await messages()).body as { 'os-messages': Props[] };
    expect(shown[0]).toMatchObject({
      'sequence-number': 1,
      'message-text': expect.stringMatching(/^MLOEVL012I/u) as string,
    });
    const second = await of.caller.get(
      `${partition}/operations/list-os-messages?begin-sequence-number=2&end-sequence-number=2`,
    );
    expect(second.body['os-messages']).toHaveLength(1);
    expect((await of.caller.get(`${partition}/operations/list-os-messages?begin-sequence-number=x`)).reason).toBe(14);
    await stop(of, partition);
    expect(await messages()).toMatchObject({ status: 409, reason: 332 });
  });

  it('are not to be listed on a z13, whose channel opens once in each session', async () => {
    const of = await bench();
    const { partition } = await bootablePartition(of);
    const open = () =>
      of.caller.post(`${partition}/operations/open-os-message-channel`, { 'include-refresh-messages': true });

    expect(await open()).toMatchObject({ status: 409, reason: 332 });
    await start(of, partition);
    expect((await of.caller.get(`${partition}/operations/list-os-messages`)).status).toBe(404);
    const { body } = await open();
    expect(await open()).toMatchObject({ status: 409, reason: 331 });

    const topics = (await of.caller.get('/api/sessions/operations/get-notification-topics')).body.topics;
    const expected = {
      'topic-type': 'os-message-notification',
      'topic-name': body['topic-name'],
      'object-uri': partition,
    };
    expect(topics).toContainEqual(expect.objectContaining(expected));
  });

  it('echo commands of at most 200 characters', async () => {
    const of = await bench({ machine: 'z14' });
    const partition = await newPartition(of, { 'boot-device': 'test-operating-system' });
    await start(of, partition);
    const send = (text: string) =>
      of.caller.post(`${partition}/operations/send-os-cmd`, { 'operating-system-command-text': text });

    expect((await send('uname -a')).status).toBe(204);
    expect(await send('x'.repeat(201))).toMatchObject({ status: 400, reason: 7 });

    const { body } = await of.caller.get(`${partition}/operations/list-os-messages`);
    expect(JSON.stringify(body)).toContain('uname -a');
  });
});

describe('faults of start and stop', () => {
  it.each(['paused', 'terminated', 'degraded', 'reservation-error'] as const)(
    'end a start in status %s',
    async (end) => {
      const of = await bench();
      const { partition } = await bootablePartition(of);
      of.fault({ type: 'status', end }, 'Start Partition');

      await start(of, partition);

      expect(await statusOf(of, partition)).toBe(end);
      expect(of.faults.struck('fault')).toBe(1);
    },
  );

  it.each(['start', 'stop'] as const)('stall the status of a %s until the stall is over', async (operation) => {
    const of = await bench({ timing: { stallMs: 60_000 } });
    const { partition } = await bootablePartition(of);
    if (operation === 'stop') await start(of, partition);
    of.fault({ type: 'status', end: 'stalled' }, operation === 'start' ? 'Start Partition' : 'Stop Partition');

    expect(await of.caller.job(`${partition}/operations/${operation}`)).toEqual(success);

    expect(await statusOf(of, partition)).toBe(operation === 'start' ? 'starting' : 'stopping');
    of.clock.advance(60_000);
    expect(await statusOf(of, partition)).toBe(operation === 'start' ? 'paused' : 'stopped');
  });

  it.each([
    ['failed', 'none', 'stopped', { status: 'complete', 'job-status-code': 500, 'job-reason-code': 99 }],
    ['failed', 'done', 'active', { status: 'complete', 'job-status-code': 500, 'job-reason-code': 99 }],
    ['canceled', 'none', 'stopped', { status: 'canceled', 'job-status-code': 500 }],
    ['lost', 'done', 'active', { 'http-status': 404, reason: 1 }],
  ] as const)('make the job of a start %s with effect %s', async (outcome, effect, status, shown) => {
    const of = await bench();
    const { partition } = await bootablePartition(of);
    of.fault({ type: 'job', outcome, effect, status: 500, reason: 99 }, 'Start Partition');

    expect(await start(of, partition)).toMatchObject(shown);

    expect(await statusOf(of, partition)).toBe(status);
    expect(of.faults.struck('fault')).toBe(1);
  });

  it('wait for a request that can have them', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    of.fault({ type: 'status', end: 'terminated' }, '*');

    await of.caller.get(partition);
    await of.caller.post(`${partition}/operations/stop`);
    expect(of.faults.struck('fault')).toBe(0);
    await start(of, partition);

    expect([of.faults.struck('fault'), await statusOf(of, partition)]).toEqual([1, 'terminated']);
  });

  it('restart the HMC in mid-flow: sessions are gone, the job of the start goes on', async () => {
    const of = await bench({ timing: { startMs: 1000 } });
    const { partition } = await bootablePartition(of);
    const { body } = await of.caller.post(`${partition}/operations/start`);
    of.fault({ type: 'restart' }, 'Query Job Status');

    await expect(of.caller.get(text(body['job-uri']))).rejects.toThrow();
    expect(await of.caller.get(partition)).toMatchObject({ status: 403, reason: 5 });
    of.clock.advance(1000);
    await of.caller.logon(of.hmc.username, of.hmc.password);

    expect((await of.caller.get(text(body['job-uri']))).body).toEqual(success);
    expect(await statusOf(of, partition)).toBe('active');
  });

  it('report an error although a vHBA was made (the case of 500.12)', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    of.fault({ type: 'refuse', status: 500, reason: 12, effect: 'done' }, 'Create HBA');
    const create = () => of.caller.post(`${partition}/hbas`, { name: 'a', 'adapter-port-uri': of.ports[0] });

    expect(await create()).toMatchObject({ status: 500, reason: 12 });
    expect((await of.caller.get(partition)).body['hba-uris']).toHaveLength(1);
    expect(await create()).toMatchObject({ status: 400, reason: 8 });
  });
});

describe('dumps', () => {
  it('take a vHBA on a z13 and a storage volume later', async () => {
    const old = await bench();
    const partition = await newPartition(old, { 'boot-device': 'test-operating-system' });
    const hba = await newHba(old, partition);
    const { lun, targets } = bootDisk(old, [text(hba.wwpn)]);
    const body = {
      'dump-load-hba-uri': hba['element-uri'],
      'dump-world-wide-port-name': targets[0],
      'dump-logical-unit-number': lun,
    };

    expect(await old.caller.post(`${partition}/operations/scsi-dump`, body)).toMatchObject({ status: 409, reason: 1 });
    await start(old, partition);
    expect(await old.caller.post(`${partition}/operations/scsi-dump`, {})).toMatchObject({ status: 400, reason: 5 });
    expect(await old.caller.job(`${partition}/operations/scsi-dump`, body)).toEqual(success);
    expect(await statusOf(old, partition)).toBe('paused');
    expect((await old.caller.post(`${partition}/operations/start-dump-program`, {})).status).toBe(404);
  });

  it('take a LUN of fewer than sixteen digits (IBM WS API, Dump Partition, 3932-AGZ)', async () => {
    const of = await bench();
    const partition = await newPartition(of, { 'boot-device': 'test-operating-system' });
    const hba = await newHba(of, partition);
    const body = {
      'dump-load-hba-uri': hba['element-uri'],
      'dump-world-wide-port-name': '5005076801160417',
      'dump-logical-unit-number': '2',
    };
    await start(of, partition);

    expect(await of.caller.job(`${partition}/operations/scsi-dump`, body)).toEqual(success);
    const long = { ...body, 'dump-logical-unit-number': '0'.repeat(17) };
    expect(await of.caller.post(`${partition}/operations/scsi-dump`, long)).toMatchObject({ status: 400, reason: 7 });
  });

  it('take a volume that an attached group has (IBM WS API, Start Dump Program, 3932-AGZ)', async () => {
    const of = await bench({ machine: 'z16' });
    const partition = await newPartition(of, { 'boot-device': 'test-operating-system' });
    const group = of.hmc.addStorageGroup({ name: 'dumps', type: 'nvme', volumes: [{ name: 'dump', sizeGib: 40 }] });
    const body = {
      'dump-program-type': 'storage',
      'dump-program-info': { 'storage-volume-uri': group.volumeUris[0] ?? '' },
    };
    await start(of, partition);

    const dump = `${partition}/operations/start-dump-program`;
    expect(await of.caller.post(dump, body)).toMatchObject({ status: 400, reason: 15 });
    const attach = { 'storage-group-uri': group.uri };
    expect((await of.caller.post(`${partition}/operations/attach-storage-group`, attach)).status).toBe(204);
    expect(await of.caller.job(dump, body)).toEqual(success);
  });
});
