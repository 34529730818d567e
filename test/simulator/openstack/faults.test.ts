/* Fault rules of the simulated Keystone and Cinder. */
import { describe, expect, test } from 'vitest';
import type { FaultKind, FaultRule } from '../../../src/simulator/server/index.ts';
import { callerIn, connectorOf, field, startWorld, tokenOf, type Answer, type World } from './support.ts';

const idOf = (answer: Answer): string => String(field(answer.body, 'attachment', 'id'));
const volumeOf = (world: World, index = 0): string => world.openstack.volumes[index]!.id;

function rule(operation: string, kind: FaultKind, more: Partial<FaultRule> = {}): FaultRule {
  return { id: 'fault', server: 'cinder', operation, kind, ...more };
}

describe('a refusal', () => {
  test.each([
    [413, 'overLimit', '60'],
    [429, 'overLimit', '7'],
    [503, 'serviceUnavailable', '1'],
    [504, 'computeFault', null],
  ] as const)('with %i has the shape of the service: %s, and its Retry-After', async (status, name, retryAfter) => {
    const headers = retryAfter === null ? {} : { 'retry-after': retryAfter };
    await using world = await startWorld({
      faultRules: [rule('List Volumes', { type: 'refuse', status, message: 'not now', headers })],
    });
    const caller = await callerIn(world);

    const first = await caller.get('/volumes');
    const second = await caller.get('/volumes');

    expect(first.status).toBe(status);
    expect(first.body).toMatchObject({ [name]: { code: status, message: 'not now' } });
    expect(first.headers.get('retry-after')).toBe(retryAfter);
    expect(second.status).toBe(200);
    expect(world.faults.struck('fault')).toBe(1);
  });

  test('of Keystone has the shape of Keystone', async () => {
    await using world = await startWorld();
    world.faults.add(rule('Validate Token', { type: 'refuse', status: 503, message: 'busy' }, { server: 'keystone' }));
    const token = await tokenOf(world, 'dpm');

    const answer = await fetch(`${world.openstack.keystone.url}/auth/tokens`, {
      headers: { 'x-auth-token': token, 'x-subject-token': token },
    });

    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ error: { code: 503, message: 'busy', title: 'Service Unavailable' } });
  });

  test('strikes one volume action among those that share its path, and is logged under its name', async () => {
    await using world = await startWorld({ faultRules: [rule('os-attach', { type: 'refuse', status: 503 })] });
    const caller = await callerIn(world);

    const reserved = await caller.action(volumeOf(world), 'os-reserve');
    const attached = await caller.action(volumeOf(world), 'os-attach', { host_name: 'h', mountpoint: '/dev/sda' });

    expect([reserved.status, attached.status]).toEqual([202, 503]);
    const entry = world.log.entries.at(-1);
    expect(entry).toMatchObject({ operation: 'os-attach', status: 503, fault: 'fault' });
  });
});

describe('a connection that breaks', () => {
  test.each(['before', 'after'] as const)('%s the effect leaves it undone or done', async (when) => {
    await using world = await startWorld({ faultRules: [rule('Create Attachment', { type: 'drop', when })] });
    const caller = await callerIn(world);

    await expect(caller.attach(volumeOf(world), connectorOf(1))).rejects.toThrow('fetch failed');

    expect(world.openstack.snapshot().attachments).toHaveLength(when === 'after' ? 1 : 0);
    expect(world.san.snapshot().arrays[0]?.masks).toHaveLength(when === 'after' ? 1 : 0);
  });

  test('during an action counts as that action', async () => {
    await using world = await startWorld({ faultRules: [rule('os-reserve', { type: 'drop', when: 'after' })] });
    const caller = await callerIn(world);

    await expect(caller.action(volumeOf(world), 'os-reserve')).rejects.toThrow('fetch failed');

    expect(world.log.entries.at(-1)).toMatchObject({ operation: 'os-reserve', status: undefined });
    expect(field(await caller.statusOf(volumeOf(world)), 'volume', 'status')).toBe('attaching');
  });

  test('at once, or for as long as the server is down, is a refused connection', async () => {
    await using world = await startWorld();
    const caller = await callerIn(world);
    world.faults.add(rule('*', { type: 'refuse-connection' }));

    await world.openstack.cinder.server.refuseConnections(true);
    await expect(caller.get('/volumes')).rejects.toThrow('fetch failed');
    await world.openstack.cinder.server.refuseConnections(false);
    await expect(caller.get('/volumes')).rejects.toThrow('fetch failed');

    expect((await caller.get('/volumes')).status).toBe(200);
    expect(world.faults.struck('fault')).toBe(1);
  });
});

describe('a token', () => {
  test('lost in the middle of the work is a 401 of the middleware, and a new one works', async () => {
    await using world = await startWorld({ faultRules: [rule('Update Attachment', { type: 'session-lost' })] });
    const caller = await callerIn(world);
    const reserved = await caller.post('/attachments', { attachment: { volume_uuid: volumeOf(world) } });
    const body = { attachment: { connector: connectorOf(1) } };

    const lost = await caller.put(`/attachments/${idOf(reserved)}`, body);
    const again = await caller.put(`/attachments/${idOf(reserved)}`, body);
    const renewed = await (await callerIn(world)).put(`/attachments/${idOf(reserved)}`, body);

    expect([lost.status, again.status, renewed.status]).toEqual([401, 401, 200]);
    expect(lost.body).toMatchObject({ error: { code: 401, title: 'Unauthorized' } });
    expect(world.faults.struck('fault')).toBe(1);
  });

  test('can be handed out dead by Keystone', async () => {
    await using world = await startWorld({
      faultRules: [rule('Create Token', { type: 'session-lost' }, { server: 'keystone' })],
    });

    expect((await (await callerIn(world)).get('/volumes')).status).toBe(401);
    expect((await (await callerIn(world)).get('/volumes')).status).toBe(200);
  });

  test('runs out, is revoked, and does not outlive a restart', async () => {
    await using world = await startWorld({ keystone: { tokenLifetimeMs: 60_000 } });
    const statusWith = async (change: (world: World) => unknown): Promise<number> => {
      const caller = await callerIn(world);
      await change(world);
      return (await caller.get('/volumes')).status;
    };

    expect(await statusWith(() => undefined)).toBe(200);
    expect(await statusWith((each) => each.advance(59_000))).toBe(200);
    expect(await statusWith((each) => each.advance(60_000))).toBe(401);
    expect(await statusWith(({ openstack }) => openstack.keystone.revokeAll())).toBe(401);
    world.faults.add(rule('Show Limits', { type: 'restart' }));
    const restart = async () => expect((await callerIn(world)).get('/limits')).rejects.toThrow('fetch failed');
    expect(await statusWith(restart)).toBe(401);
  });
});

describe('the array fails', () => {
  test.each([
    ['none', 0],
    ['done', 1],
  ] as const)('while it maps, effect %s, and leaves %i masks', async (effect, masks) => {
    await using world = await startWorld({
      faultRules: [rule('Update Attachment', { type: 'backend-error', effect })],
    });
    const caller = await callerIn(world);
    const reserved = await caller.post('/attachments', { attachment: { volume_uuid: volumeOf(world) } });

    const failed = await caller.put(`/attachments/${idOf(reserved)}`, { attachment: { connector: connectorOf(1) } });

    expect(failed.status).toBe(500);
    expect(field(failed.body, 'computeFault', 'message')).toContain('array refused');
    expect(world.san.snapshot().arrays[0]?.masks).toHaveLength(masks);
    expect(world.openstack.snapshot().attachments).toMatchObject([{ status: 'reserved' }]);
    expect(world.faults.struck('fault')).toBe(1);
  });

  test('while it unmaps, and the second try succeeds', async () => {
    await using world = await startWorld({ faultRules: [rule('Delete Attachment', { type: 'backend-error' })] });
    const caller = await callerIn(world);
    const before = world.openstack.snapshot();
    const created = await caller.attach(volumeOf(world), connectorOf(1));

    const failed = await caller.delete(`/attachments/${idOf(created)}`);
    const kept = world.openstack.snapshot().attachments;
    const again = await caller.delete(`/attachments/${idOf(created)}`);

    expect([failed.status, kept.length, again.status]).toEqual([500, 1, 200]);
    expect(world.openstack.snapshot()).toEqual(before);
  });

  test('waits with a failure for a request that reaches it: deleting a mere reservation does not', async () => {
    await using world = await startWorld({ faultRules: [rule('Delete Attachment', { type: 'backend-error' })] });
    const caller = await callerIn(world);
    const reserved = await caller.post('/attachments', { attachment: { volume_uuid: volumeOf(world) } });

    expect((await caller.delete(`/attachments/${idOf(reserved)}`)).status).toBe(200);
    expect(world.faults.struck('fault')).toBe(0);
  });

  test('in the zones after the mask was made', async () => {
    await using world = await startWorld({
      faultRules: [rule('Add Zones', { type: 'backend-error' }, { server: 'san' })],
    });
    const caller = await callerIn(world);

    const failed = await caller.attach(volumeOf(world), connectorOf(1));

    expect(failed.status).toBe(500);
    expect(world.san.snapshot().arrays[0]?.masks).toHaveLength(1);
    expect(world.san.snapshot().fabrics[0]?.zones).toEqual([]);
  });

  test('only by kinds that an array knows: another kind of rule never strikes it', async () => {
    await using world = await startWorld({ faultRules: [rule('Map Volume', { type: 'stuck' }, { server: 'san' })] });

    expect((await (await callerIn(world)).attach(volumeOf(world), connectorOf(1))).status).toBe(200);
    expect(world.faults.struck('fault')).toBe(0);
  });

  test('to make a volume: two failures are survived, three are not', async () => {
    for (const [times, status] of [
      [2, 'available'],
      [3, 'error'],
    ] as const) {
      const fails = rule('Create Volume', { type: 'backend-error' }, { server: 'san', when: { times } });
      await using world = await startWorld({ faultRules: [fails] });
      const caller = await callerIn(world);

      const made = await caller.post('/volumes', { volume: { size: 1 } });

      const id = String(field(made.body, 'volume', 'id'));
      expect(field(await caller.statusOf(id), 'volume', 'status')).toBe(status);
      expect(world.faults.struck('fault')).toBe(times);
    }
  });

  test.each([
    ['Create Volume', 'error'],
    ['Delete Volume', 'error_deleting'],
    ['os-extend', 'error_extending'],
  ] as const)('behind %s, and the volume ends in %s', async (operation, status) => {
    await using world = await startWorld({ faultRules: [rule(operation, { type: 'backend-error' })] });
    const caller = await callerIn(world);
    const made = await caller.post('/volumes', { volume: { size: 1 } });
    const id = String(field(made.body, 'volume', 'id'));

    if (operation === 'os-extend') await caller.action(id, 'os-extend', { new_size: 2 });
    if (operation === 'Delete Volume') await caller.delete(`/volumes/${id}`);

    expect(field(await caller.statusOf(id), 'volume', 'status')).toBe(status);
    expect(world.faults.struck('fault')).toBe(1);
  });
});

describe('something gets stuck', () => {
  test('attaching: complete is accepted and changes nothing, until the attachment is deleted', async () => {
    await using world = await startWorld({ faultRules: [rule('Complete Attachment', { type: 'stuck' })] });
    const caller = await callerIn(world);
    const before = world.openstack.snapshot();
    const id = idOf(await caller.attach(volumeOf(world), connectorOf(1)));

    for (const _try of [1, 2]) {
      expect((await caller.post(`/attachments/${id}/action`, { 'os-complete': {} })).status).toBe(204);
      expect(field((await caller.get(`/attachments/${id}`)).body, 'attachment', 'status')).toBe('attaching');
    }
    await caller.delete(`/attachments/${id}`);
    expect(world.openstack.snapshot()).toEqual(before);
  });

  test('detaching: the record stays in the answer and on the array, and a second delete works', async () => {
    await using world = await startWorld({ faultRules: [rule('Delete Attachment', { type: 'stuck' })] });
    const caller = await callerIn(world);
    const id = idOf(await caller.attach(volumeOf(world), connectorOf(1)));

    const stuck = await caller.delete(`/attachments/${id}`);

    expect(stuck.body).toMatchObject({ attachments: [{ id, status: 'detaching' }] });
    expect(field(await caller.statusOf(volumeOf(world)), 'volume', 'status')).toBe('detaching');
    expect(world.san.snapshot().arrays[0]?.masks).toHaveLength(1);
    expect((await caller.delete(`/attachments/${id}`)).body).toEqual({ attachments: [] });
  });

  test('in the flow of old: os-attach stays attaching, os-detach stays detaching', async () => {
    for (const operation of ['os-attach', 'os-detach']) {
      await using world = await startWorld({ faultRules: [rule(operation, { type: 'stuck' })] });
      const caller = await callerIn(world);
      const id = volumeOf(world);

      await caller.action(id, 'os-attach', { host_name: 'partition-1', mountpoint: '/dev/sda' });
      if (operation === 'os-detach') await caller.action(id, 'os-detach');

      const status = operation === 'os-attach' ? 'attaching' : 'detaching';
      expect(field(await caller.statusOf(id), 'volume', 'status')).toBe(status);
      expect(world.faults.struck('fault')).toBe(1);
    }
  });

  test('creating, deleting and extending, whatever the clock says; an administrator gets out of it', async () => {
    await using world = await startWorld({ faultRules: [rule('Create Volume', { type: 'stuck' })] });
    const caller = await callerIn(world, 'dpm');
    const made = await caller.post('/volumes', { volume: { size: 1 } });
    const id = String(field(made.body, 'volume', 'id'));

    world.advance(3_600_000_000);

    const renewed = await callerIn(world);
    expect(field(await renewed.statusOf(id), 'volume', 'status')).toBe('creating');
    const admin = renewed
      .with({ 'x-auth-token': await tokenOf(world, 'admin') })
      .from(`${world.openstack.cinder.rootUrl}/v3`);
    expect((await admin.action(id, 'os-reset_status', { status: 'error' })).status).toBe(202);
    expect((await renewed.delete(`/volumes/${id}`)).status).toBe(202);
    expect((await renewed.get(`/volumes/${id}`)).status).toBe(404);
  });
});

test('damaged answers come after the effect', async () => {
  for (const kind of [
    { type: 'truncate' },
    { type: 'malformed' },
    { type: 'html' },
    { type: 'wrong-schema' },
  ] as const) {
    await using world = await startWorld({ faultRules: [rule('Create Attachment', kind)] });
    const caller = await callerIn(world);

    const outcome = await caller.attach(volumeOf(world), connectorOf(1)).catch(() => undefined);

    expect(field(outcome?.body, 'attachment')).toBeUndefined();
    expect(world.openstack.snapshot().attachments).toHaveLength(1);
  }
});
