import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { neverAborted, silentLogger } from '../../src/base/index.ts';
import { VolumeClaims, volumeConnections } from '../../src/cinder-client/index.ts';
import type { CinderClient, Connector, SaveClaim, VolumeClaim } from '../../src/cinder-client/index.ts';
import { LegacyConnections } from '../../src/cinder-client/legacy-connections.ts';
import type { FaultRule } from '../../src/simulator/server/index.ts';
import { instanceUuid, openCinderIn } from './cinder-support.ts';
import { startWorld } from './openstack/support.ts';
import type { World } from './openstack/support.ts';

/**
 * The simulated array fails to terminate a connection that it does not have, as many do. A record of a volume is kept here
 * as a state directory keeps it: what was saved is all that a later process knows.
 */

const w = { signal: neverAborted() };
const connector: Connector = { host: instanceUuid, wwpns: ['c05076ffe6800011', 'c05076ffe6800012'] };
const completion = { mountpoint: '/dev/sda', mode: 'rw' } as const;

const flows = [
  { flow: 'attachments', maxMicroversion: '3.71' },
  { flow: 'legacy', maxMicroversion: '3.43' },
] as const;

/** A record, and the claims of a process that goes by it. */
class Desk {
  readonly claims: VolumeClaims;
  record: VolumeClaim;
  /** Called before a change is written down: throwing, it is the death of the process. */
  beforeSave: (change: Parameters<SaveClaim>[0]) => void = () => undefined;

  constructor(cinder: CinderClient, volumeId: string) {
    this.claims = new VolumeClaims(cinder, async () => await volumeConnections(cinder, w));
    this.record = { volumeId, mode: 'rw', reservation: null, connector: null, connectionInfo: null };
  }

  readonly save: SaveClaim = (change) => {
    this.beforeSave(change);
    // As JSON, since that is what the state directory holds.
    this.record = JSON.parse(JSON.stringify({ ...this.record, ...change })) as VolumeClaim;
  };

  async reserve(): Promise<void> {
    await this.claims.reserve(this.record, instanceUuid, this.save, w);
  }

  async map(): Promise<void> {
    await this.claims.map(this.record, connector, this.save, w);
  }

  async complete(): Promise<void> {
    await this.claims.complete(this.record, completion, this.save, w);
  }

  async release(): Promise<void> {
    await this.claims.release(this.record, this.save, w);
  }
}

function look({ san, openstack }: World): unknown {
  return { san: san.snapshot(), cinder: openstack.snapshot() };
}

/** Answers of the 500s that no fault of the test has caused: the array was asked for what it does not have. */
function failures({ log }: World): readonly string[] {
  return log.entries
    .flatMap((entry) => [entry, ...(entry.children ?? [])])
    .filter(({ status, fault }) => (status ?? 0) >= 500 && fault === undefined)
    .map(({ operation }) => operation);
}

function terminations({ log }: World): number {
  return log.byOperation()['os-terminate_connection'] ?? 0;
}

const initialize: Readonly<Record<string, Pick<FaultRule, 'server' | 'operation'>>> = {
  attachments: { server: 'cinder', operation: 'Update Attachment' },
  legacy: { server: 'cinder', operation: 'os-initialize_connection' },
};

describe.each(flows)('a claim in the $flow flow', ({ flow, maxMicroversion }) => {
  it('that was released half-way asks the array for nothing twice', async () => {
    await using world = await startWorld({ cinder: { maxMicroversion } });
    using cinder = openCinderIn(world);
    const before = look(world);
    const desk = new Desk(cinder, world.openstack.volumes[0]!.id);
    await desk.reserve();
    await desk.map();
    await desk.complete();
    const operation = flow === 'legacy' ? 'os-detach' : 'Delete Attachment';
    const kind = { type: 'refuse', status: 403, effect: 'none' } as const;
    world.faults.add({ id: 'release', server: 'cinder', operation, when: { times: 1 }, kind });

    await expect(desk.release()).rejects.toThrow();
    expect(world.faults.struck('release')).toBe(1);
    await desk.release();

    expect(failures(world)).toEqual([]);
    expect(terminations(world)).toBe(flow === 'legacy' ? 1 : 0);
    expect(look(world)).toEqual(before);
  });

  it('whose connection failed, and was taken back at once, asks the array no second time', async () => {
    await using world = await startWorld({ cinder: { maxMicroversion } });
    using cinder = openCinderIn(world);
    const before = look(world);
    const desk = new Desk(cinder, world.openstack.volumes[0]!.id);
    await desk.reserve();
    const kind = { type: 'backend-error', effect: 'done' } as const;
    world.faults.add({ id: 'array', ...initialize[flow]!, when: { times: -1 }, kind });

    await expect(desk.map()).rejects.toThrow();
    await desk.release();

    expect(failures(world)).toEqual([]);
    expect(terminations(world)).toBe(1);
    expect(look(world)).toEqual(before);
  });

  it('whose connection was refused before the array was asked does not ask it to take one back', async () => {
    await using world = await startWorld({ cinder: { maxMicroversion } });
    using cinder = openCinderIn(world);
    const before = look(world);
    const desk = new Desk(cinder, world.openstack.volumes[0]!.id);
    await desk.reserve();
    const kind = { type: 'refuse', status: 400, effect: 'none' } as const;
    world.faults.add({ id: 'refusal', ...initialize[flow]!, when: { times: -1 }, kind });

    await expect(desk.map()).rejects.toThrow();
    await desk.release();

    expect(terminations(world)).toBe(0);
    expect(look(world)).toEqual(before);
  });

  it.each([
    { what: 'Cinder went away', isAway: true },
    { what: 'a refusal', isAway: false },
  ])('whose connection failed at the array before $what is taken back', async ({ isAway }) => {
    await using world = await startWorld({ cinder: { maxMicroversion } });
    using cinder = openCinderIn(world);
    const before = look(world);
    const desk = new Desk(cinder, world.openstack.volumes[0]!.id);
    await desk.reserve();
    const { server } = world.openstack.cinder;
    let isDeaf: Promise<void> | undefined;
    const array = { type: 'backend-error', effect: 'done' } as const;
    world.faults.add({ id: 'array', ...initialize[flow]!, when: { times: 1 }, kind: array });
    const kind = { type: 'refuse', status: 400, effect: 'none' } as const;
    world.faults.add({ id: 'refusal', ...initialize[flow]!, when: { times: 1 }, kind });
    const decide = world.faults.decide.bind(world.faults);
    world.faults.decide = (...asked) => {
      const rule = decide(...asked);
      if (isAway && rule?.id === 'array') isDeaf = turn().then(async () => await server.refuseConnections(true));
      return rule;
    };

    await expect(desk.map()).rejects.toThrow();
    await isDeaf;
    await server.refuseConnections(false);
    await desk.release();

    expect(world.faults.struck('array')).toBe(1);
    expect(look(world)).toEqual(before);
  });

  it('whose process died before it knew what came of the connection asks the array to take it back', async () => {
    await using world = await startWorld({ cinder: { maxMicroversion } });
    using cinder = openCinderIn(world);
    const before = look(world);
    const desk = new Desk(cinder, world.openstack.volumes[0]!.id);
    await desk.reserve();
    desk.beforeSave = ({ connectionInfo }) => {
      if (connectionInfo !== undefined) throw new Error('killed');
    };

    await expect(desk.map()).rejects.toThrow('killed');
    expect(world.san.snapshot().arrays[0]!.masks).toHaveLength(1);
    desk.beforeSave = () => undefined;
    await desk.release();

    expect(failures(world)).toEqual([]);
    expect(look(world)).toEqual(before);
  });

  it('whose process died before it wrote down that the array had disconnected is released all the same', async () => {
    await using world = await startWorld({ cinder: { maxMicroversion } });
    using cinder = openCinderIn(world);
    const before = look(world);
    const desk = new Desk(cinder, world.openstack.volumes[0]!.id);
    await desk.reserve();
    await desk.map();
    await desk.complete();
    desk.beforeSave = () => {
      throw new Error('killed');
    };

    await expect(desk.release()).rejects.toThrow('killed');
    expect(world.san.snapshot().arrays[0]!.masks).toEqual([]);
    desk.beforeSave = () => undefined;
    await desk.release();

    expect(look(world)).toEqual(before);
  });

  it.each(['mapped', 'completed'])(
    'that was %s, and unmasked behind the back of Cinder, is released',
    async (state) => {
      await using world = await startWorld({ cinder: { maxMicroversion } });
      using cinder = openCinderIn(world);
      const before = look(world);
      const desk = new Desk(cinder, world.openstack.volumes[0]!.id);
      await desk.reserve();
      await desk.map();
      if (state === 'completed') await desk.complete();
      world.san.unmask(desk.record.volumeId);
      world.san.removeZones(zonesOf(world));

      await desk.release();

      expect(look(world)).toEqual(before);
    },
  );

  it('while the array fails to connect and to disconnect, is kept, and its failure says where to look', async () => {
    await using world = await startWorld({ cinder: { maxMicroversion } });
    using cinder = openCinderIn(world);
    const before = look(world);
    const desk = new Desk(cinder, world.openstack.volumes[0]!.id);
    await desk.reserve();
    await desk.map();
    await desk.complete();
    for (const operation of ['Map Volume', 'Unmap Volume']) {
      const kind = { type: 'backend-error', effect: 'none' } as const;
      world.faults.add({ id: operation, server: 'san', operation, when: { times: -1 }, kind });
    }

    await expect(desk.release()).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/check on the array .* c05076ffe6800011, c05076ffe6800012$/) as string,
    });

    expect(desk.record.reservation).not.toBeNull();
    expect(world.san.snapshot().arrays[0]!.masks).toHaveLength(1);
    world.faults.clear();
    await desk.release();
    expect(look(world)).toEqual(before);
  });
});

it.each([{ type: 'wrong-schema' }, { type: 'drop', when: 'after' }] as const)(
  'a connection that Cinder has made is removed once when its answers were lost: $type',
  async (kind) => {
    await using world = await startWorld();
    using cinder = openCinderIn(world);
    const before = look(world);
    const desk = new Desk(cinder, world.openstack.volumes[0]!.id);
    await desk.reserve();
    world.faults.add({ id: 'lost', ...initialize.attachments!, when: { times: -1 }, kind });

    await expect(desk.map()).rejects.toThrow();
    await desk.release();

    expect(failures(world)).toEqual([]);
    expect(terminations(world)).toBe(0);
    expect(look(world)).toEqual(before);
  },
);

it('a mask of which Cinder does not know is taken away at the release, when it could not be taken back at once', async () => {
  await using world = await startWorld();
  using cinder = openCinderIn(world);
  const before = look(world);
  const desk = new Desk(cinder, world.openstack.volumes[0]!.id);
  await desk.reserve();
  const masks = { type: 'backend-error', effect: 'done' } as const;
  world.faults.add({ id: 'array', ...initialize.attachments!, when: { times: -1 }, kind: masks });
  const none = { type: 'refuse', status: 503, effect: 'none' } as const;
  world.faults.add({
    id: 'no',
    server: 'cinder',
    operation: 'os-terminate_connection',
    when: { times: -1 },
    kind: none,
  });
  await expect(desk.map()).rejects.toThrow();
  world.faults.clear();

  await desk.release();

  expect(look(world)).toEqual(before);
});

it.each([
  { what: 'the array does not take it back', operation: 'os-terminate_connection' },
  { what: 'Cinder does not show the attachment', operation: 'Show Attachment' },
])('a claim whose mask Cinder does not know is kept at the release while $what', async ({ operation }) => {
  await using world = await startWorld();
  using cinder = openCinderIn(world);
  const before = look(world);
  const desk = new Desk(cinder, world.openstack.volumes[0]!.id);
  await desk.reserve();
  const masks = { type: 'backend-error', effect: 'done' } as const;
  world.faults.add({ id: 'array', ...initialize.attachments!, when: { times: -1 }, kind: masks });
  const away = { type: 'refuse', status: 503, effect: 'none' } as const;
  world.faults.add({ id: 'away', server: 'cinder', operation, when: { times: -1 }, kind: away });
  await expect(desk.map()).rejects.toThrow();
  expect(world.san.snapshot().arrays[0]!.masks).toHaveLength(1);

  await expect(desk.release()).rejects.toThrow();

  expect(world.faults.struck('away')).toBeGreaterThan(0);
  expect(desk.record).toMatchObject({ connector, reservation: { volumeId: desk.record.volumeId } });
  world.faults.clear();
  await desk.release();
  expect(look(world)).toEqual(before);
});

it('a volume that was attached before an upgrade of Cinder is unmasked when it is released after it', async () => {
  await using world = await startWorld({ cinder: { maxMicroversion: '3.71' } });
  using cinder = openCinderIn(world);
  const before = look(world);
  const { id: volumeId } = world.openstack.volumes[0]!;
  const old = new Desk(cinder, volumeId);
  const legacy = new VolumeClaims(cinder, () => Promise.resolve(new LegacyConnections(cinder, silentLogger)));
  await legacy.reserve(old.record, instanceUuid, old.save, w);
  await legacy.map(old.record, connector, old.save, w);
  await legacy.complete(old.record, completion, old.save, w);
  expect((await volumeConnections(cinder, w)).kind).toBe('attachments');

  await old.release();

  expect(look(world)).toEqual(before);
  expect(failures(world)).toEqual([]);
});

function zonesOf({ san }: World): Readonly<Record<string, readonly string[]>> {
  const targets = san.arrays.flatMap(({ ports }) => ports.map(({ wwpn }) => wwpn));
  return Object.fromEntries(connector.wwpns.map((wwpn) => [wwpn, targets]));
}
