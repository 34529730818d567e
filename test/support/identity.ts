import { StorageGroupStorage } from '../../src/partition/storage-group/index.ts';
import fc from 'fast-check';
import { expect } from 'vitest';
import { CleanupStack, lunSchema, silentLogger, wwpnSchema } from '../../src/base/index.ts';
import type { ConnectedVolume, PartitionOwner, PartitionRef } from '../../src/partition/index.ts';
import type { HmcSession } from '../../src/hmc-client/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { cpcUriOf, fcpPortUris, openSession, w } from './hmc-session.ts';

/*
 * Which storage volume is which Cinder volume: generated instances, and the truth about each of their volumes, which is
 * the SAN's. A test of its own, and a test of that test, play them.
 */

/** One instance: what its volumes are, and all the ways in which DPM and the callers may go about them. */
export const cases = fc.record({
  instanceUuid: fc.uuid(),
  volumes: fc.uniqueArray(fc.record({ id: fc.uuid(), isLarge: fc.boolean(), tellsNaa: fc.boolean() }), {
    minLength: 2,
    maxLength: 5,
    selector: ({ id }) => id,
  }),
  /** Equal sizes are the point: in three of four cases all of them are. */
  isMixed: fc.constantFrom(false, false, false, true),
  /** How many, from the end, are attached later, both LUNs mapped before either is attached. */
  attachedLater: fc.integer({ min: 0, max: 2 }),
  /** Attached in one call, or one after the other. */
  isTogether: fc.boolean(),
  /** Nova's stock order: the group is made before anybody tells its volumes. */
  isStock: fc.boolean(),
  isAutomatic: fc.boolean(),
  orderSeed: fc.nat(),
  mapOrder: fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

interface Stage {
  readonly sim: Simulator;
  readonly hmc: HmcSession;
  readonly storage: StorageGroupStorage;
}

interface Disk {
  readonly id: string;
  readonly sizeGib: number;
  readonly tellsNaa: boolean;
  readonly uuid: string;
}

/** A machine on which one instance after the other lives. */
export interface IdentityStage extends AsyncDisposable {
  readonly sim: Simulator;
  /** How often DPM had dealt the LUNs otherwise, and was corrected. */
  readonly corrected: () => number;
  /** Lives the case, and fails where a storage volume is not the volume that it is taken for. */
  readonly live: (each: Case) => Promise<void>;
}

export async function openIdentityStage(): Promise<IdentityStage> {
  const discovery = { automatic: true, orderSeed: 1 };
  const sim = await startSimulator({ machine: 'z16', san: { zoning: { policy: 'open' } }, discovery });
  const hmc = openSession(sim);
  const ports = (await fcpPortUris(hmc, cpcUriOf(sim))).map((uri) => ({
    adapterObjectId: uri.split('/')[3] ?? '',
    port: 0,
  }));
  const fulfilment = { discoveries: 2, minDelayMs: 0, maxDelayMs: 0, timeoutMs: 10_000 };
  let corrected = 0;
  const info = ({ event }: { event?: string }) => {
    if (event === 'storage.identity') corrected += 1;
  };
  const log = { ...silentLogger, info } as unknown as typeof silentLogger; // only what is counted
  const options = { cpcUri: cpcUriOf(sim), ports, fulfilment, attachEarly: false, log };
  const storage = new StorageGroupStorage(hmc, options);
  return {
    sim,
    corrected: () => corrected,
    live: async (each) => {
      Object.assign(discovery, { automatic: each.isAutomatic, orderSeed: each.orderSeed });
      await live({ sim, hmc, storage }, each);
      sim.log.clear();
    },
    [Symbol.asyncDispose]: async () => {
      await hmc[Symbol.asyncDispose]();
      await sim.close();
    },
  };
}

/** The whole life of one instance's storage; every volume is checked as soon as it is the partition's. */
async function live({ sim, hmc, storage }: Stage, each: Case): Promise<void> {
  // Also after a failure, so that a smaller case finds the machine as this one did.
  await using end = new CleanupStack();
  const disks = each.volumes.map(({ id, isLarge, tellsNaa }): Disk => {
    const sizeGib = each.isMixed && isLarge ? 16 : 8;
    return { id, sizeGib, tellsNaa, uuid: sim.san.createVolume({ id, sizeGib, bootable: true }).uuid };
  });
  const owner: PartitionOwner = { host: 'compute1', instanceUuid: each.instanceUuid };
  const spawned = disks.slice(0, Math.max(1, disks.length - each.attachedLater));
  const later = disks.slice(spawned.length);
  end.defer(async () => await storage.deallocate(owner, w));
  await storage.allocate(owner, each.isStock ? [] : spawned.map(toRequest(disks)), w);
  const initiators = await storage.addPorts(owner, w);
  const name = `OpenStack-compute1-${each.instanceUuid}`;
  const size = { iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 };
  const uri = await hmc.partitions.create(cpcUriOf(sim), { name, ...size }, w);
  const partition: PartitionRef = { uri, name };
  end.defer(async () => {
    for (const { id } of disks) sim.san.deleteVolume(id);
    await storage.unbind(owner, partition, true, w);
    await hmc.partitions.delete(uri, w);
  });
  const known = await storage.bind(owner, partition, initiators, w);
  const wwpns = known.map(({ wwpn }) => wwpn);
  const map = (some: readonly Disk[]): Map<string, ConnectedVolume> => {
    const ordered = some.map((disk, index) => ({ disk, at: each.mapOrder[index] ?? 0 })).sort((a, b) => a.at - b.at);
    return new Map(ordered.map(({ disk }) => [disk.id, exposeRequest(sim, disk, toRequest(disks)(disk), wwpns)]));
  };

  const target = { ...owner, partition, initiators: known };
  const exposed: ConnectedVolume[] = [];
  const requests = map(spawned);
  for (const disk of spawned) exposed.push(...(await storage.expose(target, [required(requests, disk)], w)));
  const settled = await storage.waitForVolumes(owner, exposed, w);
  await expectRight({ hmc, sim }, spawned, settled, disks);
  const [boot] = settled;
  if (boot !== undefined) await hmc.partitions.update(uri, storage.bootProperties(boot), w);

  const attachTo = { ...target, initiators: await storage.initiators(owner, partition, w) };
  const laterRequests = map(later);
  const batches = each.isTogether ? [later] : later.map((disk) => [disk]);
  for (const batch of batches.filter(({ length }) => length > 0)) {
    const added = await storage.expose(
      attachTo,
      batch.map((disk) => required(laterRequests, disk)),
      w,
    );
    await expectRight({ hmc, sim }, batch, added, disks);
  }
  expect(await hmc.partitions.get(uri, w, ['boot-storage-volume'])).toMatchObject({
    bootStorageVolume: boot?.storageVolumeUri,
  });

  await expectRightAfterAnotherLook({ hmc, sim }, owner, disks);

  await storage.conceal(
    owner,
    later.map(({ id }) => ({ volumeId: id })),
    w,
  );
}

/** The storage volume is named by the Cinder volume, is its LUN, and has the usage that goes with it. */
async function expectRight(
  { hmc, sim }: Pick<Stage, 'hmc' | 'sim'>,
  disks: readonly Disk[],
  exposed: readonly ConnectedVolume[],
  [boot]: readonly Disk[],
): Promise<void> {
  const uris = exposed.map(({ storageVolumeUri }) => storageVolumeUri ?? '');
  const volumes = await hmc.storageVolumes.getMany(uris, w);
  const seen = volumes.map(({ name, uuid, usage }, index) => ({
    name,
    usage,
    // Where no discovery has looked yet, DPM goes by the path that it was told.
    uuid: uuid ?? reachedOver(sim, exposed[index]),
  }));
  expect(seen).toEqual(disks.map(({ id, uuid }) => ({ name: id, usage: id === boot?.id ? 'boot' : 'data', uuid })));
}

/** The names on the HMC, against what DPM itself finds behind each of them when it looks once more. */
async function expectRightAfterAnotherLook(
  { hmc, sim }: Pick<Stage, 'hmc' | 'sim'>,
  { instanceUuid }: PartitionOwner,
  disks: readonly Disk[],
): Promise<void> {
  const name = `OpenStack-compute1-${instanceUuid}`;
  const [group] = await hmc.storageGroups.list({ cpcUri: cpcUriOf(sim), name }, w);
  sim.hmc.discover(group?.uri ?? '');
  const { storageVolumeUris, fulfillmentState } = await hmc.storageGroups.get(group?.uri ?? '', w);
  const volumes = await hmc.storageVolumes.getMany(storageVolumeUris, w);
  const pairs = (all: readonly { id: string | undefined; uuid: string | undefined }[]) =>
    all.map(({ id = '', uuid = '' }) => `${id} is ${uuid}`).toSorted();
  expect(pairs(volumes.map((volume) => ({ id: volume.name, uuid: volume.uuid })))).toEqual(pairs(disks));
  expect(fulfillmentState).toBe('complete');
}

function reachedOver(sim: Simulator, exposed: ConnectedVolume | undefined): string | undefined {
  const [path] = exposed?.paths ?? [];
  if (path === undefined) return undefined;
  const probes = sim.san.fabricIds.map((fabric) =>
    sim.san.probe(path.initiatorWwpn, fabric, path.targetWwpn, path.lun),
  );
  return probes.flatMap((probe) => (probe.ok ? [probe.uuid] : []))[0];
}

const toRequest =
  ([boot]: readonly Disk[]) =>
  ({ id, sizeGib }: Disk) => ({ volumeId: id, sizeGib, isBoot: id === boot?.id });

function exposeRequest(
  sim: Simulator,
  { id, uuid, tellsNaa }: Disk,
  request: ReturnType<ReturnType<typeof toRequest>>,
  wwpns: readonly string[],
): ConnectedVolume {
  const shown = sim.san.mapVolume({ volumeId: id, host: wwpns[0] ?? '', initiators: wwpns, lunForm: 'peripheral' });
  const paths = wwpns.flatMap((wwpn) =>
    shown.flatMap(({ ports, fcpLun }) =>
      ports.map((port) => ({
        initiatorWwpn: wwpnSchema.parse(wwpn),
        targetWwpn: wwpnSchema.parse(port),
        lun: lunSchema.parse(fcpLun),
        deviceNumber: null,
      })),
    ),
  );
  return { ...request, paths, naa: tellsNaa ? uuid.toLowerCase() : null, storageVolumeUri: null };
}

function required(requests: ReadonlyMap<string, ConnectedVolume>, { id }: Disk): ConnectedVolume {
  const request = requests.get(id);
  if (request === undefined) throw new Error(`volume ${id} is not mapped`);
  return request;
}
