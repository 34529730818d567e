import type { Attachment } from '../cinder-client/index.ts';
import type { LocalVolume } from '../local-attach/index.ts';
import type { FlowSummary } from '../saga/index.ts';
import type { PlatformGuest, PlatformStorage, RequestContext } from '../virt/index.ts';
import type { BlockDevice, InstanceRecord } from './instances.ts';
import type { ManagerServices } from './services.ts';

/** Something that belongs to nobody, or is missing. @public */
export interface Finding {
  readonly kind: 'partition' | 'storage-group' | 'server' | 'attachment' | 'volume' | 'flow';
  /** Its name, as a person would look for it. */
  readonly name: string;
  readonly detail: string;
  /** What `--repair` does about it; null where a person has to decide. */
  readonly repair: string | null;
  /** @internal What the repair works on. */
  readonly target: { readonly id: string };
}

/** What HMC, Cinder and the state directory say, side by side. */
interface Views {
  readonly guests: readonly PlatformGuest[];
  /** Storage beside guests, of instances that are neither here nor there, or in ERROR. */
  readonly storage: readonly PlatformStorage[];
  readonly instances: readonly InstanceRecord[];
  readonly devices: readonly BlockDevice[];
  /** Attached without Nova. */
  readonly local: readonly LocalVolume[];
  /** Of all partitions; only looked at where a volume was attached to one without Nova. */
  readonly partitionUris: ReadonlySet<string>;
  readonly flows: readonly FlowSummary[];
  readonly attachments: readonly Attachment[];
  /** Ids under which Cinder has volumes attached, in whichever flow they were. */
  readonly attachmentIds: ReadonlySet<string>;
  /** Volumes that Cinder is detaching, or thinks that it is. */
  readonly detaching: ReadonlySet<string>;
  /** Another process is at work: what it has begun is not left behind. */
  readonly isBusy: boolean;
}

/**
 * Compares HMC, Cinder and journal, and names what belongs to nobody. Changes nothing.
 *
 * Cinder serves other compute hosts too: an attachment is ours when it names an instance that this journal knows.
 */
export async function findOrphans(services: ManagerServices, context: RequestContext): Promise<readonly Finding[]> {
  const views = await look(services, context);
  return [
    ...findPartitions(views),
    ...findPartitionsOfFailed(views),
    ...findStorage(views),
    ...findServers(views),
    ...findVolumes(views),
    ...findLocalVolumes(views),
    ...findUnfinishedVolumes(views),
    ...findDetachingVolumes(views),
    ...findAttachments(views),
    ...findFlows(views),
  ];
}

async function look(services: ManagerServices, context: RequestContext): Promise<Views> {
  const { driver, store, journal, localStore } = services;
  const local = localStore.list();
  const [guests, flows, inCinder] = await Promise.all([
    driver.listGuests(context, { all: false }),
    journal.list(),
    lookAtCinder(services, context),
  ]);
  const instances = store.list();
  const failed = failedServers({ instances, flows });
  const known = new Set([
    ...guests.map(({ instanceUuid }) => instanceUuid ?? ''),
    ...instances.map(({ uuid }) => uuid).filter((uuid) => !failed.has(uuid)),
    // The storage group of a partition that is no instance is named for the partition.
    ...local.flatMap(({ place }) =>
      place.kind === 'partition' ? [place.uri.slice(place.uri.lastIndexOf('/') + 1)] : [],
    ),
  ]);
  const isPartitionUsed = local.some(({ place }) => place.kind === 'partition');
  const partitions = isPartitionUsed ? await driver.listGuests(context, { all: true }) : [];
  const partitionUris = new Set(partitions.map(({ uri }) => uri));
  const storage = (await driver.listStrayStorage?.(context, known)) ?? [];
  const devices = instances.flatMap(({ uuid }) => store.devices(uuid));
  const volumes = devices.length === 0 ? [] : await services.cinder.listVolumes({}, context);
  const detaching = new Set(volumes.filter(({ status }) => status === 'detaching').map(({ id }) => id));
  const isBusy = services.isBusyElsewhere();
  return { guests, storage, flows, instances, ...inCinder, detaching, devices, local, partitionUris, isBusy };
}

/** A Cinder without attachments lists its volumes, each with the records of who has it attached. */
async function lookAtCinder(
  { cinder, connections }: ManagerServices,
  context: RequestContext,
): Promise<Pick<Views, 'attachments' | 'attachmentIds'>> {
  const flow = await connections(context);
  if (flow.kind === 'legacy') {
    const reservations = await flow.findReservations({}, context);
    return { attachments: [], attachmentIds: new Set(reservations.map(({ attachmentId }) => attachmentId ?? '')) };
  }
  const attachments = await cinder.attachments.list({}, context);
  return { attachments, attachmentIds: new Set(attachments.map(({ id }) => id)) };
}

/** A partition of this CPC subset without an instance. Only one that this journal knows, and that rests, is safe to take. */
function findPartitions({ guests, instances, flows }: Views): readonly Finding[] {
  const known = new Set(instances.map(({ uuid }) => uuid));
  const history = new Set(flows.map(({ subject }) => subject));
  return guests.flatMap(({ instanceUuid, name, status, uri }) => {
    if (instanceUuid === null || known.has(instanceUuid)) return [];
    const isSafe = history.has(instanceUuid) && ['stopped', 'reservation-error'].includes(status);
    return [
      {
        kind: 'partition',
        name,
        detail: `${uri}, status ${status}: no server has it; to delete it, delete server ${instanceUuid}`,
        repair: isSafe ? 'release its volumes and delete it' : null,
        target: { id: instanceUuid },
      } as const,
    ];
  });
}

/** A build that failed was put back, and yet its partition is there: an HMC had denied it when it was to be deleted. */
function findPartitionsOfFailed({ guests, instances, flows }: Views): readonly Finding[] {
  const failed = failedServers({ instances, flows });
  return guests.flatMap(({ instanceUuid, name, status, uri }) => {
    const server = failed.get(instanceUuid ?? '');
    if (server === undefined || instanceUuid === null) return [];
    const detail = `${uri}, status ${status}: its server "${server}" is in ERROR; delete the server to remove it`;
    return [{ kind: 'partition', name, detail, repair: null, target: { id: instanceUuid } } as const];
  });
}

/** A storage group of this CPC subset without instance and partition. That of a partition goes with the partition. */
function findStorage({ storage, flows, instances }: Views): readonly Finding[] {
  const history = new Set(flows.map(({ subject }) => subject));
  const failed = failedServers({ instances, flows });
  return storage.map(({ name, uri, instanceUuid }) => {
    const found = { kind: 'storage-group', name, target: { id: instanceUuid } } as const;
    const server = failed.get(instanceUuid);
    if (server !== undefined)
      return {
        ...found,
        detail: `${uri}: its server "${server}" is in ERROR; delete the server to remove it`,
        repair: null,
      };
    const repair = history.has(instanceUuid) ? 'release its volumes and delete it' : null;
    const detail = `${uri}: neither a server nor a partition has it; to delete it, delete server ${instanceUuid}`;
    return { ...found, detail, repair };
  });
}

/** A server that should have a partition, and has none. */
function findServers({ guests, instances }: Views): readonly Finding[] {
  const there = new Set(guests.map(({ instanceUuid }) => instanceUuid));
  return instances
    .filter(({ uuid, vmState }) => (vmState === 'active' || vmState === 'stopped') && !there.has(uuid))
    .map(({ uuid, name, vmState }) => ({
      kind: 'server',
      name,
      detail: `${uuid} is ${vmState}, but its partition does not exist; delete the server to release its volumes`,
      repair: null,
      target: { id: uuid },
    }));
}

/** A volume that a server counts as its own, and Cinder does not. */
function findVolumes({ devices, attachmentIds, instances }: Views): readonly Finding[] {
  return devices.flatMap(({ reservation, volumeId, instanceUuid }) => {
    const attachmentId = reservation?.attachmentId ?? null;
    if (attachmentId === null || attachmentIds.has(attachmentId)) return [];
    const server = instances.find(({ uuid }) => uuid === instanceUuid)?.name ?? instanceUuid;
    const detail = `server ${server} has it by attachment ${attachmentId}, which Cinder does not know`;
    return [{ kind: 'volume', name: volumeId, detail, repair: null, target: { id: volumeId } } as const];
  });
}

/** A volume that was attached without Nova, and that Cinder counts as attached no longer. */
function findLocalVolumes({ local, attachmentIds, flows, partitionUris }: Views): readonly Finding[] {
  const open = new Set(flows.filter(isOpen).map(({ subject }) => subject));
  return local.flatMap(({ volumeId, place, reservation }) => {
    const attachmentId = reservation?.attachmentId ?? null;
    const isPlaceGone = place.kind === 'partition' && !partitionUris.has(place.uri);
    const isKnown = attachmentId !== null && attachmentIds.has(attachmentId);
    if (open.has(volumeId) || (isKnown && !isPlaceGone)) return [];
    const where = place.kind === 'host' ? 'this host' : `partition "${place.name}"`;
    const why = isPlaceGone ? 'but the partition does not exist' : 'which Cinder does not know';
    const how = attachmentId === null ? '' : ` by attachment ${attachmentId}, ${why}`;
    const detail = `${where} has it${how}; dpm local-detach takes away what is left of it`;
    return [{ kind: 'volume', name: volumeId, detail, repair: null, target: { id: volumeId } } as const];
  });
}

/**
 * A volume that a server uses, and of which Cinder says that it is still on the way: an answer to an older request came
 * after the volume was told to be in use.
 */
function findUnfinishedVolumes({ attachments, devices, flows, instances, isBusy }: Views): readonly Finding[] {
  if (isBusy) return [];
  const settled = settledServers({ instances, flows });
  return attachments.flatMap(({ id, status }) => {
    const device = devices.find(({ reservation }) => reservation?.attachmentId === id);
    const server = settled.get(device?.instanceUuid ?? '');
    if (device === undefined || server === undefined || status === 'attached') return [];
    const detail = `server ${server} uses it by attachment ${id}, which Cinder has in status ${status}`;
    return [
      {
        kind: 'volume',
        name: device.volumeId,
        detail,
        repair: 'tell Cinder that it is in use',
        target: { id },
      } as const,
    ];
  });
}

/** A volume that a server uses, and that Cinder has begun to detach for a request that nobody waits for any more. */
function findDetachingVolumes({ detaching, devices, flows, instances, isBusy }: Views): readonly Finding[] {
  if (isBusy) return [];
  const settled = settledServers({ instances, flows });
  return devices.flatMap(({ volumeId, instanceUuid }) => {
    const server = settled.get(instanceUuid);
    if (server === undefined || !detaching.has(volumeId)) return [];
    const detail = `server ${server} uses it, and Cinder has it in status detaching, though nothing detaches it`;
    return [
      { kind: 'volume', name: volumeId, detail, repair: 'take the detaching back', target: { id: volumeId } } as const,
    ];
  });
}

/** An attachment, and with it a LUN mask, of an instance of this host that is no more, or that does not count it. */
function findAttachments({ attachments, devices, flows, guests, instances }: Views): readonly Finding[] {
  const history = new Set(flows.map(({ subject }) => subject));
  const counted = new Set(devices.map(({ reservation }) => reservation?.attachmentId));
  const busy = new Set(flows.filter(({ state }) => state === 'running').map(({ subject }) => subject));
  const held = new Set([...guests.map(({ instanceUuid }) => instanceUuid), ...instances.map(({ uuid }) => uuid)]);
  return attachments.flatMap(({ id, volumeId, instanceUuid, status }) => {
    if (instanceUuid === undefined || !history.has(instanceUuid) || counted.has(id) || busy.has(instanceUuid))
      return [];
    return [
      {
        kind: 'attachment',
        name: id,
        detail: `of volume ${volumeId}, status ${status}, for instance ${instanceUuid}`,
        // While the instance lives, its guest may be using the disk.
        repair: held.has(instanceUuid) ? null : 'delete it, which also removes its LUN mask',
        target: { id },
      } as const,
    ];
  });
}

/** A flow that nobody finishes. */
function findFlows({ flows, isBusy }: Views): readonly Finding[] {
  return flows
    .filter(({ state, parent }) => {
      if (state === 'damaged') return true; // its parent may know nothing of what it left
      return parent === undefined && (state === 'stuck' || (state === 'running' && !isBusy));
    })
    .map(({ id, flow, state, leftBehind, error }) => ({
      kind: 'flow',
      name: id,
      detail: `${flow} is ${state}${leftBehind.length === 0 ? '' : `, left behind: ${leftBehind.join('; ')}`}${error === undefined ? '' : ` (${error})`}`,
      // What cannot be read can be neither finished nor undone; HMC and Cinder are compared above, whatever it says.
      repair: state === 'damaged' ? null : 'take it up: finish it or go back',
      target: { id },
    }));
}

/** Servers for which no flow has anything to do, by UUID. */
function settledServers({ instances, flows }: Pick<Views, 'instances' | 'flows'>): ReadonlyMap<string, string> {
  const open = new Set(flows.filter(isOpen).map(({ subject }) => subject));
  const settled = instances.filter(
    ({ uuid, vmState }) => (vmState === 'active' || vmState === 'stopped') && !open.has(uuid),
  );
  return new Map(settled.map(({ uuid, name }) => [uuid, name]));
}

/** Servers of which nothing should be left but their record, by UUID: no flow has anything to do for them any more. */
function failedServers({ instances, flows }: Pick<Views, 'instances' | 'flows'>): ReadonlyMap<string, string> {
  const open = new Set(flows.filter(isOpen).map(({ subject }) => subject));
  const failed = instances.filter(({ uuid, vmState }) => vmState === 'error' && !open.has(uuid));
  return new Map(failed.map(({ uuid, name }) => [uuid, name]));
}

function isOpen({ state }: FlowSummary): boolean {
  return state === 'running' || state === 'stuck';
}
