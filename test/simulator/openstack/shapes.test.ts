/* The forms of connection_info that the simulated Cinder can return. */
import { describe, expect, test } from 'vitest';
import { connectionShapes, type ConnectionShapeName } from '../../../src/simulator/openstack/index.ts';
import { callerIn, connectorOf, field, startWorld, type World } from './support.ts';

const LEFT = 'c05076ffe6800011';
const RIGHT = 'c05076ffe6800012';

async function connect(world: World, connector: object = connectorOf(1)): Promise<Record<string, unknown>> {
  const caller = await callerIn(world);
  const { id } = world.openstack.volumes[0]!;
  const answer = await caller.action(id, 'os-initialize_connection', { connector });
  expect(answer.status).toBe(200);
  return field(answer.body, 'connection_info', 'data') as Record<string, unknown>; // an object in every shape
}

async function startShape(connectionShape: ConnectionShapeName): Promise<World> {
  return startWorld({ cinder: { connectionShape } });
}

const ports = (world: World, array: number): string[] => world.san.arrays[array]!.ports.map((port) => port.wwpn);
const upper = (wwpns: readonly string[]): string[] => wwpns.map((wwpn) => wwpn.toUpperCase());
const reaches = (world: World, initiator: string, fabric: string, target: string, lun: string): boolean =>
  world.san.probe(initiator, fabric, target, lun).ok;

describe('connection_info', () => {
  test('of Storwize lists upper-case ports and maps all initiators to all of them', async () => {
    await using world = await startShape('storwize');
    const targets = upper(ports(world, 0));

    const data = await connect(world);

    expect(data).toEqual({
      target_discovered: false,
      target_lun: 0,
      volume_id: world.openstack.volumes[0]!.id,
      target_wwn: targets,
      initiator_target_map: { [LEFT]: targets, [RIGHT]: targets },
      qos_specs: null,
      access_mode: 'rw',
      encrypted: false,
      cacheable: false,
    });
  });

  test('of Storwize keeps the spelling of the connector in the keys and masks the true ports', async () => {
    await using world = await startShape('storwize');
    const spelt = ['C0:50:76:FF:E6:80:00:11', `0x${RIGHT}`];

    const data = await connect(world, { ...connectorOf(1), wwpns: spelt });

    expect(Object.keys(data.initiator_target_map as object)).toEqual(spelt);
    expect(world.san.snapshot().arrays[0]?.hosts).toEqual([{ name: 'partition-1', initiators: [LEFT, RIGHT] }]);
  });

  test('in the early form has a LUN as text and one target as text beside a map of all', async () => {
    await using world = await startShape('storwize-string-lun');

    expect(await connect(world)).toMatchObject({
      target_lun: '0',
      target_wwn: ports(world, 0)[0],
      initiator_target_map: { [LEFT]: ports(world, 0) },
    });
  });

  test.each(['empty-map', 'foreign-map'] as const)(
    'with a useless map (%s) hides paths that are there',
    async (shape) => {
      await using world = await startShape(shape);

      const data = await connect(world);

      expect(Object.keys(data.initiator_target_map as object)).not.toContain(LEFT);
      expect(reaches(world, LEFT, 'fabric-a', ports(world, 0)[0]!, '0000000000000000')).toBe(true);
    },
  );

  test('of a DS8000 has two-level LUNs for Linux on s390 and small ones for others', async () => {
    await using world = await startShape('ds8k');

    const data = await connect(world);
    const other = await connect(world, { host: 'elsewhere', wwpns: ['C05076FFE6800099'], platform: 'x86_64' });

    expect(data.target_lun).toBe(0x40104000);
    expect(reaches(world, LEFT, 'fabric-a', ports(world, 0)[0]!, '4010400000000000')).toBe(true);
    expect(other.target_lun).toBe(0);
    expect(Object.keys(other.initiator_target_map as object)).toEqual(['C05076FFE6800099']);
  });

  test('of a PowerStore has no map, and the fabric is zoned all the same', async () => {
    await using world = await startShape('powerstore');

    const data = await connect(world);

    expect(data).not.toHaveProperty('initiator_target_map');
    expect(data).toMatchObject({ discard: true, target_wwn: ports(world, 0), target_lun: 0 });
    expect(reaches(world, RIGHT, 'fabric-b', ports(world, 0)[1]!, '0000000000000000')).toBe(true);
  });

  test('of a Unity maps one initiator to one target, and only this path is zoned', async () => {
    await using world = await startShape('unity');
    world.san.login(LEFT, 'fabric-b');

    const data = await connect(world);

    const target = ports(world, 0)[1]!;
    expect(data).toMatchObject({ target_lun: 0, initiator_target_map: { [LEFT]: [target] } });
    expect(Object.keys(data.initiator_target_map as object)).toEqual([LEFT]);
    expect(reaches(world, LEFT, 'fabric-b', target, '0000000000000000')).toBe(true);
    expect(world.san.discover(RIGHT, 'fabric-b')).toEqual([]);
  });

  test('of a stretched Pure pod has both LUN forms, another LUN on the second array, in flat space', async () => {
    await using world = await startShape('pure');
    const targets = upper([...ports(world, 0), ...ports(world, 1)]);

    const data = await connect(world);

    expect(data).toMatchObject({
      target_lun: 0,
      target_luns: [0, 0, 0, 0, 256, 256, 256, 256],
      target_wwn: targets,
      target_wwns: targets,
      addressing_mode: 'SAM2',
      discard: true,
    });
    expect(data.wwn).toMatch(/^36005076[0-9a-f]{25}$/);
    expect(reaches(world, LEFT, 'fabric-a', ports(world, 1)[0]!, '4100000000000000')).toBe(true);
    expect(reaches(world, LEFT, 'fabric-a', ports(world, 1)[0]!, '0100000000000000')).toBe(false);
  });

  test('of a 3PAR gives the first initiator one target when multipath is off', async () => {
    await using world = await startShape('3par');
    const targets = upper(ports(world, 0));

    const single = await connect(world, { ...connectorOf(1), multipath: false });
    const multi = await connect(world, connectorOf(2));

    expect(single.target_wwn).toEqual(targets.slice(0, 1));
    expect(single.initiator_target_map).toEqual({ [LEFT]: targets.slice(0, 1), [RIGHT]: targets });
    expect(multi.target_wwn).toEqual(targets);
  });

  test('of 3PAR Peer Persistence has parallel LUNs only, and a fabric for each initiator', async () => {
    await using world = await startShape('3par-peer-persistence');
    const [a, b] = [0, 1].map((fabric) =>
      upper([0, 1].flatMap((array) => ports(world, array).filter((_, index) => index % 2 === fabric))),
    );

    const data = await connect(world);

    expect(data).not.toHaveProperty('target_lun');
    expect(data.target_luns).toEqual([0, 0, 0, 0, 256, 256, 256, 256]);
    expect(data.initiator_target_map).toEqual({ [LEFT]: a, [RIGHT]: b });
  });

  test('of a Huawei leaves out the initiator that is offline', async () => {
    await using world = await startShape('huawei');

    const data = await connect(world);

    expect(data.initiator_target_map).toEqual({ [RIGHT]: ports(world, 0) });
    expect(data.map_info).toEqual({ lun_id: '14', view_id: '6', aval_luns: '[1,2,3]' });
    world.san.login(LEFT, 'fabric-a');
    expect((await connect(world)).initiator_target_map).toEqual({ [LEFT]: ports(world, 0) });
    world.san.login(RIGHT, 'fabric-b');
    expect(Object.keys((await connect(world)).initiator_target_map as object)).toEqual([LEFT, RIGHT]);
  });

  test('of an XIV before the first login has no target but a full map', async () => {
    await using world = await startShape('xiv');

    expect(await connect(world)).toMatchObject({
      target_wwn: [],
      all_storage_wwpns: ports(world, 0),
      initiator_target_map: { [LEFT]: ports(world, 0) },
    });
  });

  test.each(['netapp', 'powermax'] as const)('of %s lists its ports in an order that changes', async (shape) => {
    await using world = await startShape(shape);

    const orders = new Set<string>();
    for (let call = 0; call < 10; call += 1) orders.add(String((await connect(world)).target_wwn));

    expect(orders.size).toBeGreaterThan(1);
    for (const order of orders) expect(order.split(',').sort()).toEqual(ports(world, 0));
  });

  test.each([
    ['colon-wwpns', { target_wwn: expect.arrayContaining(['50:05:07:68:01:16:04:17']) as unknown }],
    ['0x-wwpns', { target_wwn: expect.arrayContaining(['0x5005076801160417']) as unknown }],
    ['wwnn-wwpn', { target_wwn: expect.arrayContaining(['50050768000000005005076801160417']) as unknown }],
    ['hex-lun', { target_lun: '0x0000' }],
    ['null-lun', { target_lun: null }],
    ['lun-count', { target_luns: [0, 0] }],
    ['empty-map', { initiator_target_map: {} }],
    ['encrypted', { encrypted: true }],
  ] as const)('can be wrong or unusable: %s', async (shape, part) => {
    await using world = await startShape(shape);

    expect(await connect(world)).toMatchObject(part);
  });

  test('can be late: powerstore-late-lun returns the LUN when it is requested again', async () => {
    await using world = await startShape('powerstore-late-lun');

    expect(await connect(world)).toMatchObject({ target_lun: null });
    expect(await connect(world)).toMatchObject({ target_lun: 0 });
  });

  test.each([
    ['no-lun', 'target_lun'],
    ['lun-count', 'target_lun'],
    ['no-targets', 'target_wwn'],
  ] as const)('can lack what it should have: %s lacks %s', async (shape, key) => {
    await using world = await startShape(shape);

    expect(await connect(world)).not.toHaveProperty(key);
  });

  test.each([
    ['iscsi', 'iscsi'],
    ['eckd', 'fibre_channel_eckd'],
    ['alua', 'fibre_channel_alua'],
  ] as const)('can be of a kind that the built-in driver does not serve: %s', async (shape, type) => {
    await using world = await startShape(shape);
    const caller = await callerIn(world);
    const { id } = world.openstack.volumes[0]!;

    const answer = await caller.attach(id, connectorOf(1));

    expect(field(answer.body, 'attachment', 'connection_info', 'driver_volume_type')).toBe(type);
  });
});

// The LUN that a path leads to, decoded here by the rules of the encoding table and not by the simulator's code.
function fcpLun(lun: unknown, mode: unknown): string {
  const number = Number(lun);
  const value = mode === 'SAM2' && number >= 256 ? number + 0x4000 : number;
  return value > 0xffff ? value.toString(16).padEnd(16, '0') : value.toString(16).padStart(4, '0').padEnd(16, '0');
}

const HONEST = Object.keys(connectionShapes).filter(
  (name) => connectionShapes[name as ConnectionShapeName].map !== 'foreign', // the names are the keys
) as ConnectionShapeName[];

describe('every path that a map promises leads to the disk', () => {
  test.each(
    HONEST.filter(
      (name) =>
        ![
          'empty-map',
          'lun-count',
          'null-lun',
          'no-lun',
          'no-targets',
          'powerstore',
          'powerstore-late-lun',
          'wwnn-wwpn',
        ].includes(name),
    ),
  )('under shape %s', async (shape) => {
    await using world = await startShape(shape);
    for (const [index, wwpn] of [LEFT, RIGHT].entries()) world.san.login(wwpn, world.san.fabricIds[index]!);

    const data = await connect(world);

    const luns = parallelLuns(data);
    const tried = Object.entries(data.initiator_target_map as Record<string, string[]>).flatMap(
      ([initiator, targets]) =>
        targets.map((target) =>
          probe(world, initiator, target, fcpLun(luns.get(target) ?? data.target_lun, data.addressing_mode)),
        ),
    );
    expect(tried.length).toBeGreaterThan(0);
    expect([...new Set(tried)]).not.toContain('not-zoned');
    expect(tried.filter((each) => each === 'ok').length).toBeGreaterThan(0);
    // What is left out of the other fabric is the only thing that may fail.
    expect(tried.filter((each) => each !== 'ok' && each !== 'not-same-fabric')).toEqual([]);
  });
});

function parallelLuns(data: Record<string, unknown>): ReadonlyMap<string, unknown> {
  const [targets, luns] = [data.target_wwn, data.target_luns];
  if (!Array.isArray(targets) || !Array.isArray(luns)) return new Map();
  return new Map(targets.map((target, index) => [String(target), luns[index] as unknown]));
}

function probe({ san }: World, initiator: string, target: string, lun: string): string {
  const answer = san.probe(initiator, san.fabricOf(initiator)!, target, lun);
  return answer.ok ? 'ok' : answer.reason;
}

test('with look-up zoning a port that never logged in is neither in the map nor zoned, and is after its login', async () => {
  await using world = await startWorld({ sanOptions: { zoning: { lookup: true } } });

  const before = await connect(world);
  world.san.login(LEFT, 'fabric-a');
  const after = await connect(world);

  expect(before).toMatchObject({ target_wwn: upper(ports(world, 0)), initiator_target_map: {} });
  expect(Object.keys(after.initiator_target_map as object)).toEqual([LEFT]);
  expect(world.san.discover(LEFT, 'fabric-a')).toHaveLength(2);
});
