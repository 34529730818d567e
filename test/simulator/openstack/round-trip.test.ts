/* A volume is attached, booted and detached through the simulated Keystone, Cinder and SAN. */
import { expect, test } from 'vitest';
import { callerIn, connectorOf, field, startWorld } from './support.ts';

test('an attachment leads from password to a disk that boots, and back to the state before', async () => {
  await using world = await startWorld();
  const { san, openstack } = world;
  const caller = await callerIn(world);
  const volume = openstack.volumes[0]!;
  const before = { san: san.snapshot(), cinder: openstack.snapshot() };

  const reserved = await caller.post('/attachments', { attachment: { volume_uuid: volume.id } });
  const id = String(field(reserved.body, 'attachment', 'id'));
  const updated = await caller.put(`/attachments/${id}`, { attachment: { connector: connectorOf(1) } });
  const completed = await caller.post(`/attachments/${id}/action`, { 'os-complete': {} });

  expect([reserved.status, updated.status, completed.status]).toEqual([200, 200, 204]);
  expect(field(updated.body, 'attachment')).toMatchObject({
    status: 'reserved',
    connection_info: { driver_volume_type: 'fibre_channel', target_lun: 0, attachment_id: id },
  });
  const target = String(field(updated.body, 'attachment', 'connection_info', 'target_wwn', 0));
  expect(san.probe('c05076ffe6800011', 'fabric-a', target, '0000000000000000')).toMatchObject({
    ok: true,
    bootable: true,
    volumeId: volume.id,
  });
  expect(field(await caller.statusOf(volume.id), 'volume', 'status')).toBe('in-use');

  const deleted = await caller.delete(`/attachments/${id}`);

  expect(deleted).toMatchObject({ status: 200, body: { attachments: [] } });
  expect({ san: san.snapshot(), cinder: openstack.snapshot() }).toEqual(before);
});

test('the legacy volume-action API does the same, and the log names each action', async () => {
  await using world = await startWorld({ cinder: { maxMicroversion: '3.0' } });
  const { san, openstack, log } = world;
  const caller = (await callerIn(world)).at('3.0');
  const { id } = openstack.volumes[0]!;
  const before = { san: san.snapshot(), cinder: openstack.snapshot() };
  const connector = connectorOf(1);

  await caller.action(id, 'os-reserve', null);
  const connected = await caller.action(id, 'os-initialize_connection', { connector });
  await caller.action(id, 'os-attach', { host_name: 'partition-1', mountpoint: '/dev/sda' });
  expect(field(await caller.statusOf(id), 'volume', 'status')).toBe('in-use');
  await caller.action(id, 'os-begin_detaching', null);
  await caller.action(id, 'os-terminate_connection', { connector });
  const detached = await caller.action(id, 'os-detach', {});

  expect(field(connected.body, 'connection_info', 'data', 'target_lun')).toBe(0);
  expect(detached.status).toBe(202);
  expect({ san: san.snapshot(), cinder: openstack.snapshot() }).toEqual(before);
  expect(log.byOperation()).toEqual({
    'Create Token': 1,
    'Show Volume': 1,
    'os-attach': 1,
    'os-begin_detaching': 1,
    'os-detach': 1,
    'os-initialize_connection': 1,
    'os-reserve': 1,
    'os-terminate_connection': 1,
  });
});
