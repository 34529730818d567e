import { randomUUID } from 'node:crypto';
import { ConfigError, ConflictError, NotFoundError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { CinderClient, Volume } from '../cinder-client/index.ts';
import type { BlockDevice, InstanceRecord } from './instances.ts';

/** A volume of a server to be. @public */
export interface ServerVolumeRequest {
  /** Name or id. */
  readonly volumeId: string;
  /** 0 is the boot volume; a single volume gets it. */
  readonly bootIndex?: number | undefined;
  readonly deleteOnTermination?: boolean | undefined;
}

/** @public */
export interface CreateServer {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly volumes: readonly ServerVolumeRequest[];
  /** Default true. */
  readonly start?: boolean | undefined;
  /** A storage group that is there already: attached as it is, and booted from unless a volume has boot index 0. */
  readonly storageGroup?: StorageGroupRequest | undefined;
  /** What Nova calls extra specs of a flavour: `dpm:secure_boot` and the like. Those of no driver are kept, and ignored. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** @public */
export interface StorageGroupRequest {
  readonly name: string;
  /** Name, UUID or device number of the volume to boot from, where the group has several for that. */
  readonly bootVolume?: string | undefined;
}

/** Everything that a driver is told of a server besides its size: the storage group is one of its properties. */
export function extraSpecsOf({ properties = {}, storageGroup }: CreateServer): Readonly<Record<string, string>> {
  if (storageGroup === undefined) return properties;
  const { name, bootVolume } = storageGroup;
  return {
    ...properties,
    'dpm:storage_group': name,
    ...(bootVolume === undefined ? {} : { 'dpm:storage_group_boot_volume': bootVolume }),
  };
}

/** The record of a server that is to be built. */
export function newInstance(
  { name, vcpus, memoryMib }: CreateServer,
  host: string,
  extraSpecs: Readonly<Record<string, string>>,
): InstanceRecord {
  return {
    uuid: randomUUID(),
    name,
    host,
    createdAt: new Date().toISOString(),
    vcpus,
    memoryMib,
    vmState: 'building',
    taskState: 'scheduling',
    powerState: 'nostate',
    fault: null,
    extraSpecs,
  };
}

/**
 * Finds the volumes and checks what can be checked before anything is changed.
 *
 * @throws ConfigError or NotFoundError naming the volume and what was expected
 */
export async function chooseVolumes(
  cinder: CinderClient,
  { volumes: requests, storageGroup }: Pick<CreateServer, 'volumes' | 'storageGroup'>,
  w: Waiting,
): Promise<readonly Omit<BlockDevice, 'instanceUuid'>[]> {
  const indexed = withBootIndex(requests, storageGroup === undefined ? 'exactly one' : 'at most one');
  const found = await Promise.all(
    indexed.map(async (request) => ({ request, volume: await find(cinder, request, w) })),
  );
  const ids = found.map(({ volume }) => volume.id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new ConfigError(`volume ${twice} is given twice`, { volume: twice });
  // The boot volume is the first device; the rest follow in the order given.
  const ordered = found.toSorted((a, b) => Number(a.request.bootIndex !== 0) - Number(b.request.bootIndex !== 0));
  return ordered.map(({ request, volume }, position) => ({
    volumeId: volume.id,
    sizeGib: volume.sizeGib,
    bootIndex: request.bootIndex ?? null,
    deviceName: deviceName(position),
    deleteOnTermination: request.deleteOnTermination ?? false,
    mode: 'rw',
    reservation: null,
    connector: null,
    connectionInfo: null,
  }));
}

/** @param expected - beside a storage group, no volume has to boot, and a single one does not unless it says so */
function withBootIndex(
  requests: readonly ServerVolumeRequest[],
  expected: 'exactly one' | 'at most one',
): readonly ServerVolumeRequest[] {
  const [only, ...others] = requests;
  const isAlone = only !== undefined && others.length === 0 && only.bootIndex === undefined;
  if (isAlone && expected === 'exactly one') return [{ ...only, bootIndex: 0 }];
  const boots = requests.filter(({ bootIndex }) => bootIndex === 0).length;
  if (boots === 1 || (boots === 0 && expected === 'at most one')) return requests;
  throw new ConfigError(`${boots} of ${requests.length} volumes have boot-index=0, expected ${expected}`, {
    option: '--volume',
  });
}

async function find(cinder: CinderClient, { volumeId, bootIndex }: ServerVolumeRequest, w: Waiting): Promise<Volume> {
  const volume = await cinder.findVolume(volumeId, w);
  if (volume === undefined) throw new NotFoundError(`volume "${volumeId}" does not exist`, { volume: volumeId });
  const isFree = volume.status === 'available' || (volume.multiattach && volume.status === 'in-use');
  if (!isFree) {
    throw new ConflictError(`volume "${volumeId}" has status "${volume.status}" (expected available)`, {
      volume: volume.id,
    });
  }
  if (bootIndex === 0 && !volume.bootable) {
    throw new ConflictError(`volume "${volumeId}" is not bootable, but is to be the boot volume`, {
      volume: volume.id,
    });
  }
  return volume;
}

/** @throws ConflictError when another operation on the server is under way, or its build never ended */
export function requireSettled(instance: InstanceRecord, verb: string): void {
  if (instance.vmState !== 'building' && instance.taskState === null) return;
  const state = instance.taskState ?? instance.vmState;
  throw new ConflictError(`${verb} server "${instance.name}": it is busy (${state})`, { server: instance.uuid, state });
}

/** @throws ConflictError for the boot volume: a partition that may still run is never stripped of it */
export function requireNotBoot(instance: InstanceRecord, device: BlockDevice): void {
  if (device.bootIndex !== 0) return;
  throw new ConflictError(
    `volume ${device.volumeId} is the boot volume of server "${instance.name}": it goes only with the server`,
    {
      volumeId: device.volumeId,
      server: instance.uuid,
    },
  );
}

/** `/dev/sda`, …, `/dev/sdz`, `/dev/sdaa`: Nova's names for the devices of a guest, in order. */
export function deviceName(position: number): string {
  let letters = '';
  for (let rest = position + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(97 + ((rest - 1) % 26)) + letters;
  }
  return `/dev/sd${letters}`;
}

/** The first name that no device has. */
export function deviceNameAfter(devices: readonly Pick<BlockDevice, 'deviceName'>[]): string {
  const taken = new Set(devices.map((device) => device.deviceName));
  for (let position = 0; ; position += 1) {
    const name = deviceName(position);
    if (!taken.has(name)) return name;
  }
}
