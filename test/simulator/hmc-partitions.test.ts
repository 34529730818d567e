/* Create, update and delete of partitions on the simulated HMC. */
import { describe, expect, it } from 'vitest';

import { bench, bootablePartition, newHba, newPartition, smallPartition, statusOf, text } from './hmc-support.ts';
import type { Props } from '../../src/simulator/hmc/index.ts';

const without = (field: string): Props =>
  Object.fromEntries(Object.entries(smallPartition).filter(([name]) => name !== field));

describe('Create Partition', () => {
  it('makes a stopped partition with the defaults of its machine', async () => {
    const { caller, cpc } = await bench();

    const answer = await caller.post(`${cpc}/partitions`, smallPartition);
    const uri = text(answer.body['object-uri']);
    const { body } = await caller.get(uri);

    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(uri);
    expect(uri).toMatch(/^\/api\/partitions\/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
    expect(body).toMatchObject({
      ...smallPartition,
      class: 'partition',
      parent: cpc,
      status: 'stopped',
      type: 'linux',
      'short-name': 'P1',
      'partition-id': null,
      'boot-device': 'none',
      'boot-record-lba': '0',
      'reserved-memory': 1024,
      'has-unacceptable-status': true,
      'hba-uris': [],
    });
    expect(body).not.toHaveProperty('ssc-host-name');
  });

  it.each<[string, Props, number, number]>([
    ['no name', without('name'), 400, 5],
    ['no initial memory', without('initial-memory'), 400, 5],
    ['no maximum memory', without('maximum-memory'), 400, 5],
    ['no processors', without('ifl-processors'), 400, 5],
    ['both kinds of processors', { ...smallPartition, 'cp-processors': 0 }, 400, 15],
    ['an unknown property', { ...smallPartition, nonsense: 1 }, 400, 6],
    ['a property of a later machine', { ...smallPartition, 'secure-boot': true }, 400, 6],
    ['a property that can only be updated', { ...smallPartition, 'boot-world-wide-port-name': '' }, 400, 6],
    ['a read-only property', { ...smallPartition, status: 'active' }, 400, 6],
    ['a number as name', { ...smallPartition, name: 1 }, 400, 7],
    ['an empty name', { ...smallPartition, name: '' }, 400, 7],
    ['a name of 65 characters', { ...smallPartition, name: 'x'.repeat(65) }, 400, 7],
    ['a name that ends in a blank', { ...smallPartition, name: 'x ' }, 400, 7],
    ['memory that is no integer', { ...smallPartition, 'initial-memory': 1024.5 }, 400, 7],
    ['memory out of step', { ...smallPartition, 'initial-memory': 1000 }, 400, 7],
    ['more initial than maximum memory', { ...smallPartition, 'initial-memory': 4096 }, 400, 15],
    ['an unknown type', { ...smallPartition, type: 'aix' }, 400, 7],
    ['a boot device of a later machine', { ...smallPartition, 'boot-device': 'storage-volume' }, 400, 7],
    [
      'a boot device whose companion cannot exist yet',
      { ...smallPartition, 'boot-device': 'storage-adapter' },
      400,
      15,
    ],
    ['a network boot without its fields', { ...smallPartition, 'boot-device': 'ftp' }, 400, 5],
    ['a fixed partition id that is not given', { ...smallPartition, 'autogenerate-partition-id': false }, 400, 5],
    ['type ssc without its user', { ...smallPartition, type: 'ssc' }, 400, 5],
  ])('refuses %s', async (_, body, status, reason) => {
    const { caller, cpc, hmc } = await bench();

    expect(await caller.post(`${cpc}/partitions`, body)).toMatchObject({ status, reason });
    expect(hmc.model.all('partition')).toEqual([]);
  });

  it.each(['z13', 'z14', 'z16', 'z17'] as const)(
    'accepts on a %s the weights, caps and acceptable statuses that zhmccli sends',
    async (machine) => {
      const of = await bench({ machine });
      const kinds = ['ifl', 'cp'].map((kind) => ({
        [`initial-${kind}-processing-weight`]: 200,
        [`minimum-${kind}-processing-weight`]: 2,
        [`maximum-${kind}-processing-weight`]: 900,
        [`${kind}-processing-weight-capped`]: true,
        [`${kind}-absolute-processor-capping`]: true,
        [`${kind}-absolute-processor-capping-value`]: 1.5,
      }));
      const sent = Object.assign(
        { 'processor-management-enabled': true, 'acceptable-status': ['stopped'] },
        ...kinds,
      ) as Props;

      expect((await of.caller.get(await newPartition(of, sent))).body).toMatchObject({
        ...sent,
        'has-unacceptable-status': false,
      });
      const create = (more: Props) =>
        of.caller.post(`${of.cpc}/partitions`, { ...smallPartition, name: 'p2', ...more });
      expect(await create({ 'initial-ifl-processing-weight': 1000 })).toMatchObject({ status: 400, reason: 7 });
      expect(await create({ 'current-ifl-processing-weight': 1 })).toMatchObject({ status: 400, reason: 6 });
    },
  );

  it('refuses a name, short name or partition id that another partition of the CPC has', async () => {
    const of = await bench();
    const fixed = { 'autogenerate-partition-id': false, 'partition-id': '0A', 'short-name': 'ONE' };
    await newPartition(of, fixed);
    const create = (more: Props) => of.caller.post(`${of.cpc}/partitions`, { ...smallPartition, ...more });

    expect(await create({ name: 'p1' })).toMatchObject({ status: 400, reason: 8 });
    expect(await create({ name: 'p2', ...fixed, 'partition-id': '0B' })).toMatchObject({ status: 400, reason: 8 });
    expect(await create({ name: 'p2', ...fixed, 'short-name': 'TWO' })).toMatchObject({ status: 400, reason: 8 });
    expect((await create({ name: 'p2' })).status).toBe(201);
  });

  it('accepts eighty-five partitions with short names that differ', async () => {
    const of = await bench();

    for (let index = 0; index < 85; index += 1) await newPartition(of, { name: `OpenStack-compute1-${index}` });

    const names = of.hmc.model.all('partition').map(({ props }) => props['short-name']);
    expect(new Set(names).size).toBe(85);
  });

  it('knows the write-only password of an SSC partition, and never shows it', async () => {
    const of = await bench();
    const ssc = { type: 'ssc', 'ssc-host-name': 'h', 'ssc-master-userid': 'u', 'ssc-master-pw': 'secret' };

    const { body } = await of.caller.get(await newPartition(of, ssc));

    expect(body).toMatchObject({ 'ssc-host-name': 'h', 'ssc-boot-selection': 'installer' });
    expect(JSON.stringify([body, of.hmc.snapshot()])).not.toContain('secret');
  });

  it('refuses a CPC in classic mode with 409.5', async () => {
    const { caller, cpc, hmc } = await bench();
    hmc.model.find('cpc', cpc)!.props['dpm-enabled'] = false;

    expect(await caller.post(`${cpc}/partitions`, smallPartition)).toMatchObject({ status: 409, reason: 5 });
    expect((await caller.get(`${cpc}/partitions`)).body).toEqual({ partitions: [] });
  });
});

describe('Update Partition Properties', () => {
  it('changes what is given and nothing if one field is wrong', async () => {
    const of = await bench();
    const partition = await newPartition(of);

    expect((await of.caller.post(partition, { description: 'new', 'initial-memory': 2048 })).status).toBe(204);
    expect(await of.caller.post(partition, { description: 'newer', nonsense: 1 })).toMatchObject({
      status: 400,
      reason: 6,
    });

    expect((await of.caller.get(partition)).body).toMatchObject({ description: 'new', 'initial-memory': 2048 });
  });

  it.each<[string, Props, number, number]>([
    ['a boot device without its vHBA', { 'boot-device': 'storage-adapter' }, 400, 5],
    ['a vHBA that does not exist', { 'boot-storage-device': '/api/partitions/x/hbas/y' }, 404, 2],
    ['a WWPN of 15 digits', { 'boot-world-wide-port-name': '500507680116041' }, 400, 7],
    ['a LUN in decimal', { 'boot-logical-unit-number': '2' }, 400, 7],
    ['a LUN that is a number', { 'boot-logical-unit-number': 2 }, 400, 7],
    ['257 characters for the operating system', { 'boot-os-specific-parameters': 'x'.repeat(257) }, 400, 7],
    ['a selector of 31', { 'boot-configuration-selector': 31 }, 400, 7],
    ['a time-out of 59 s', { 'boot-timeout': 59 }, 400, 7],
    ['a record address as number', { 'boot-record-lba': 0 }, 400, 7],
    ['a type, which is fixed', { type: 'zvm' }, 400, 6],
  ])('refuses %s', async (_, body, status, reason) => {
    const of = await bench();
    const partition = await newPartition(of);

    expect(await of.caller.post(partition, body)).toMatchObject({ status, reason });
  });

  it('refuses a vHBA of another partition as boot device', async () => {
    const of = await bench();
    const [first, second] = [await newPartition(of), await newPartition(of, { name: 'p2' })];
    const hba = await newHba(of, second);

    expect(await of.caller.post(first, { 'boot-storage-device': hba['element-uri'] })).toMatchObject({
      status: 404,
      reason: 2,
    });
  });

  it('freezes some properties while the partition is active, and all while it starts', async () => {
    const of = await bench({ timing: { startMs: 1000 } });
    const { partition } = await bootablePartition(of);
    await of.caller.post(`${partition}/operations/start`);

    expect(await of.caller.post(partition, { description: 'x' })).toMatchObject({ status: 409, reason: 1 });
    of.clock.advance(1000);
    expect(await statusOf(of, partition)).toBe('active');
    expect(await of.caller.post(partition, { 'maximum-memory': 4096 })).toMatchObject({ status: 409, reason: 1 });
    expect(await of.caller.post(partition, { 'processor-mode': 'dedicated' })).toMatchObject({
      status: 409,
      reason: 1,
    });
    expect((await of.caller.post(partition, { 'ifl-processors': 2, 'initial-memory': 2048 })).status).toBe(204);
    expect((await of.caller.post(partition, { 'boot-os-specific-parameters': 'rd.zdev=no-auto' })).status).toBe(204);
  });
});

describe('the size of a partition', () => {
  it.each<[string, Props, Props, number, number]>([
    [
      'an initial weight below the minimum',
      {},
      { 'initial-ifl-processing-weight': 1, 'minimum-ifl-processing-weight': 2 },
      400,
      15,
    ],
    [
      'a weight of dedicated processors',
      { 'processor-mode': 'dedicated' },
      { 'initial-ifl-processing-weight': 2 },
      400,
      15,
    ],
    [
      'a cap of dedicated processors',
      { 'processor-mode': 'dedicated' },
      { 'ifl-absolute-processor-capping': true },
      400,
      15,
    ],
    [
      'dedicated processors with a cap',
      { 'ifl-processing-weight-capped': true },
      { 'processor-mode': 'dedicated' },
      400,
      15,
    ],
    ['a cap of no processor', {}, { 'ifl-absolute-processor-capping-value': 0 }, 400, 7],
    ['no processors', {}, { 'ifl-processors': 0 }, 400, 15],
    ['processors of two kinds', {}, { 'cp-processors': 1 }, 400, 15],
    ['memory out of step', {}, { 'initial-memory': 1500 }, 400, 7],
    ['more initial than maximum memory', {}, { 'initial-memory': 4096 }, 400, 15],
  ])('is refused with %s', async (_what, made, body, status, reason) => {
    const of = await bench();
    const partition = await newPartition(of, made);

    expect(await of.caller.post(partition, body)).toMatchObject({ status, reason });
  });

  it('cannot have dedicated processors in a capacity group', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    const { body } = await of.caller.post(`${of.cpc}/capacity-groups`, { name: 'web', 'absolute-ifl-proc-cap': 2 });
    await of.caller.post(`${text(body['element-uri'])}/operations/add-partition`, { 'partition-uri': partition });

    expect(await of.caller.post(partition, { 'processor-mode': 'dedicated' })).toMatchObject({
      status: 409,
      reason: 170,
    });
  });

  it('grows while the partition is active, up to what the CPC has, and shrinks only in processors', async () => {
    const of = await bench({ cpcMemoryMib: 8192, cpcIfls: 4 });
    const { partition } = await bootablePartition(of, { 'maximum-memory': 16384 });
    await of.caller.job(`${partition}/operations/start`);
    const other = await newPartition(of, { name: 'p2', 'processor-mode': 'dedicated', 'reserve-resources': true });

    expect((await of.caller.post(partition, { 'ifl-processors': 3, 'initial-memory': 4096 })).status).toBe(204);
    expect(await of.caller.post(partition, { 'ifl-processors': 4 })).toMatchObject({ status: 409, reason: 116 });
    expect(await of.caller.post(partition, { 'initial-memory': 7680 })).toMatchObject({ status: 409, reason: 116 });
    expect(await of.caller.post(partition, { 'initial-memory': 1024 })).toMatchObject({ status: 409, reason: 1 });
    expect((await of.caller.post(partition, { 'ifl-processors': 2 })).status).toBe(204);
    expect(await of.caller.post(other, { 'ifl-processors': 5 })).toMatchObject({ status: 409, reason: 116 });
  });
});

describe('Delete Partition', () => {
  it('takes vHBAs and NICs along, and leaves the machine as it was', async () => {
    const of = await bench();
    const before = of.hmc.snapshot();
    const partition = await newPartition(of);
    const hba = await newHba(of, partition);
    expect(of.hmc.snapshot()).not.toEqual(before);

    expect((await of.caller.delete(partition)).status).toBe(204);

    expect(await of.caller.get(text(hba['element-uri']))).toMatchObject({ status: 404, reason: 1 });
    expect(await of.caller.delete(partition)).toMatchObject({ status: 404, reason: 1 });
    expect(of.hmc.snapshot()).toEqual(before);
  });

  it.each(['active', 'paused', 'terminated', 'degraded', 'starting', 'stopping', 'status-check'])(
    'refuses a partition in status %s with 409.1',
    async (status) => {
      const of = await bench();
      const partition = await newPartition(of);
      of.hmc.model.find('partition', partition)!.props.status = status;

      expect(await of.caller.delete(partition)).toMatchObject({ status: 409, reason: 1 });
    },
  );

  it('accepts a partition in reservation-error', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    of.hmc.model.find('partition', partition)!.props.status = 'reservation-error';

    expect((await of.caller.delete(partition)).status).toBe(204);
  });
});
