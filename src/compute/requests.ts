import { randomUUID } from 'node:crypto';
import { ConfigError, ConflictError, NotFoundError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { CinderClient, Volume } from '../cinder-client/index.ts';
import type { BlockDevice, InstanceRecord } from './instances.ts';

/** A volume of a server to create. @public */
export interface ServerVolumeRequest {
  /** Name or id. */
  readonly volumeId: string;
  /** 0 is the boot volume. If no volume has an index, the only bootable volume boots, else the first one. */
  readonly bootIndex?: number | undefined;
  readonly deleteOnTermination?: boolean | undefined;
}

/** A network of a server to create, or to add to a server. @public */
export interface ServerNetworkRequest {
  /** Name in the settings. */
  readonly network: string;
  /** Fixed address with its prefix length: `10.0.0.5/24`. */
  readonly address?: string | undefined;
  /** Needs an address of the same family. */
  readonly gateway?: string | undefined;
  /** Addresses of name servers. */
  readonly dns?: readonly string[] | undefined;
  /** MAC address, six hex pairs with colons. Default: the machine chooses one. */
  readonly mac?: string | undefined;
}

/** @public */
export interface CreateServer {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly volumes: readonly ServerVolumeRequest[];
  /** Network interfaces, in the order in which the guest gets them. Each network once. */
  readonly networks?: readonly ServerNetworkRequest[] | undefined;
  /** Default true. */
  readonly start?: boolean | undefined;
  /** An existing storage group to attach. The server boots from it, unless a volume has boot index 0. */
  readonly storageGroup?: StorageGroupRequest | undefined;
  /** What the server boots from; default: its boot volume. */
  readonly bootFrom?: BootFromRequest | undefined;
  /** Nova's extra specs of a flavor, such as `dpm:secure_boot`. Keys of no driver are stored and ignored. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/**
 * What a server boots from. For an existing server, an omitted value is the one that the server has.
 *
 * @public
 */
export type BootFromRequest =
  | { readonly source: 'volume' | 'network' }
  | {
      readonly source: 'iso';
      /** Path of the ISO image on this host. */
      readonly image?: string | undefined;
      /** Path of the INS file in the image; default: the only one in its root directory. */
      readonly insFile?: string | undefined;
    }
  | {
      readonly source: 'ftp' | 'ftps' | 'sftp';
      readonly host?: string | undefined;
      readonly username?: string | undefined;
      readonly password?: string | undefined;
      /** Path of the INS file on the server. */
      readonly insFile?: string | undefined;
    };

/** @public */
export interface StorageGroupRequest {
  readonly name: string;
  /** Name, UUID or device number of the boot volume, if the group has several. */
  readonly bootVolume?: string | undefined;
}

/** Returns the extra specs of a server, which include the storage group and the boot source, but no password. */
export function extraSpecsOf({
  properties = {},
  storageGroup,
  bootFrom,
}: CreateServer): Readonly<Record<string, string>> {
  return {
    ...properties,
    ...given({ storage_group: storageGroup?.name, storage_group_boot_volume: storageGroup?.bootVolume }),
    ...(bootFrom === undefined ? {} : given({ boot_from: bootFrom.source, ...specsOfSource(bootFrom) })),
  };
}

function specsOfSource(from: BootFromRequest): Readonly<Record<string, string | undefined>> {
  switch (from.source) {
    case 'volume':
    case 'network':
      return {};
    case 'iso':
      return { boot_iso: from.image, boot_iso_ins: from.insFile };
    default:
      return { boot_ftp_host: from.host, boot_ftp_username: from.username, boot_ftp_insfile: from.insFile };
  }
}

function given(specs: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const known = Object.entries(specs).flatMap(([name, value]) => (value === undefined ? [] : [[`dpm:${name}`, value]]));
  return Object.fromEntries(known) as Record<string, string>; // pairs of strings
}

/** Returns the record of a server to build. */
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
    description: null,
  };
}

/** A requested volume, and what Cinder has under its name or ID. */
interface FoundVolume {
  readonly request: ServerVolumeRequest;
  readonly volume: Volume;
}

/**
 * Finds the volumes and checks them, before anything is changed. Chooses the boot volume if the request names none.
 *
 * @param onNote - called with the choice of a boot volume among several
 * @throws ConfigError or NotFoundError naming the volume and what was expected
 */
export async function chooseVolumes(
  cinder: CinderClient,
  { volumes: requests, storageGroup, bootFrom }: Pick<CreateServer, 'volumes' | 'storageGroup' | 'bootFrom'>,
  w: Waiting,
  onNote?: (text: string) => void,
): Promise<readonly Omit<BlockDevice, 'instanceUuid'>[]> {
  const bootsElsewhere = bootFrom !== undefined && bootFrom.source !== 'volume';
  requireOneBootIndex(requests, storageGroup === undefined && !bootsElsewhere ? 'exactly one' : 'at most one');
  const named = await Promise.all(
    requests.map(async (request) => ({ request, volume: await requireFree(cinder, request.volumeId, w) })),
  );
  const ids = named.map(({ volume }) => volume.id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new ConfigError(`volume ${twice} is given twice`, { volume: twice });
  const found = storageGroup === undefined ? withBootVolume(named, onNote) : named;
  if (!bootsElsewhere) found.forEach(requireBootable); // an installer makes the volume bootable
  // The boot volume is the first device; the rest follow in the order given.
  const ordered = found.toSorted((a, b) => Number(a.request.bootIndex !== 0) - Number(b.request.bootIndex !== 0));
  return ordered.map(({ request, volume }, position) => ({
    volumeId: volume.id,
    volumeName: volume.name === '' ? null : volume.name,
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

/** @param expected - with a storage group, no volume has to boot */
function requireOneBootIndex(requests: readonly ServerVolumeRequest[], expected: 'exactly one' | 'at most one'): void {
  const boots = requests.filter(({ bootIndex }) => bootIndex === 0).length;
  const isChosenLater = requests.length > 0 && requests.every(({ bootIndex }) => bootIndex === undefined);
  if (boots === 1 || (boots === 0 && (isChosenLater || expected === 'at most one'))) return;
  throw new ConfigError(`${boots} of ${requests.length} volumes have boot-index=0, expected ${expected}`, {
    option: '--volume',
  });
}

/** Gives boot index 0 to the only bootable volume, else to the first one, unless the request names a boot volume. */
function withBootVolume(found: readonly FoundVolume[], onNote?: (text: string) => void): readonly FoundVolume[] {
  if (found.some(({ request }) => request.bootIndex !== undefined)) return found;
  const bootable = found.filter(({ volume }) => volume.bootable);
  const chosen = (bootable.length === 1 ? bootable[0] : undefined) ?? found[0];
  if (found.length > 1 && chosen?.volume.bootable === true) {
    const why = bootable.length === 1 ? 'the only bootable volume' : `the first of ${bootable.length} bootable volumes`;
    onNote?.(`volume "${chosen.request.volumeId}" is the boot volume (${why})`);
  }
  return found.map((each) => (each === chosen ? { ...each, request: { ...each.request, bootIndex: 0 } } : each));
}

function requireBootable({ request, volume }: FoundVolume): void {
  if (request.bootIndex !== 0 || volume.bootable) return;
  throw new ConflictError(`volume "${request.volumeId}" is not bootable, but is to be the boot volume`, {
    volume: volume.id,
  });
}

/** @throws NotFoundError */
export async function requireVolume(cinder: CinderClient, nameOrId: string, w: Waiting): Promise<Volume> {
  const volume = await cinder.findVolume(nameOrId, w);
  if (volume === undefined) throw new NotFoundError(`volume "${nameOrId}" does not exist`, { volume: nameOrId });
  return volume;
}

/** Returns a volume that can be attached. @throws NotFoundError, ConflictError */
export async function requireFree(cinder: CinderClient, volumeId: string, w: Waiting): Promise<Volume> {
  const volume = await requireVolume(cinder, volumeId, w);
  const isFree = volume.status === 'available' || (volume.multiattach && volume.status === 'in-use');
  if (isFree) return volume;
  const text = `volume "${volumeId}" has status "${volume.status}" (expected available)`;
  throw new ConflictError(text, { volume: volume.id });
}

/** @throws ConflictError when another operation on the server is running, or its build never ended */
export function requireIdle(instance: InstanceRecord, verb: string): void {
  if (instance.vmState !== 'building' && instance.taskState === null) return;
  const state = instance.taskState ?? instance.vmState;
  throw new ConflictError(`cannot ${verb} server "${instance.name}": it is busy (${state})`, {
    server: instance.uuid,
    state,
  });
}

/** @throws ConflictError for the boot volume: a partition that may run must keep it */
export function requireNotBoot(instance: InstanceRecord, device: BlockDevice): void {
  if (device.bootIndex !== 0) return;
  const text = `volume ${device.volumeId} is the boot volume of server "${instance.name}"; to detach it, delete the server`;
  throw new ConflictError(text, { volumeId: device.volumeId, server: instance.uuid });
}

/** Returns Nova's device name at a position: `/dev/sda`, …, `/dev/sdz`, `/dev/sdaa`. */
export function deviceName(position: number): string {
  let letters = '';
  for (let rest = position + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(97 + ((rest - 1) % 26)) + letters;
  }
  return `/dev/sd${letters}`;
}

/** Returns the first free device name. */
export function deviceNameAfter(devices: readonly Pick<BlockDevice, 'deviceName'>[]): string {
  const taken = new Set(devices.map((device) => device.deviceName));
  for (let position = 0; ; position += 1) {
    const name = deviceName(position);
    if (!taken.has(name)) return name;
  }
}
