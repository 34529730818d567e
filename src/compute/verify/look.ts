import { describeError } from '../../base/index.ts';
import type { Attachment } from '../../cinder-client/index.ts';
import { storageOwnerOf } from '../../virt/index.ts';
import type { GuestLocation, PlatformGuest, SurplusStorage, RequestContext } from '../../virt/index.ts';
import { toBlockDeviceInfo, toDriverInstance, unknownInstance } from '../services.ts';
import type { ManagerServices } from '../services.ts';
import { findStrangers } from './attachments.ts';
import { listExpectedStorage, initiatorsOf } from './expected-storage.ts';
import { failedServers } from './flows.ts';
import type { InCinder, Parked, Records, Views } from './views.ts';

/** Reads all views. Changes nothing. The number of requests does not depend on the number of servers. */
export async function look(services: ManagerServices, context: RequestContext): Promise<Views> {
  const { driver, journal } = services;
  const before = { ...readRecords(services, []), networks: services.store.allNetworks() };
  const [listed, inCinder] = await Promise.all([
    driver.listGuests(context, { all: false, parked: true }),
    lookAtCinder(services, context),
  ]);
  const guests = listed.filter(({ parkedFor }) => parkedFor === undefined);
  // Operations that began meanwhile have their flow by now; those that ended meanwhile are in `before`.
  const records = readRecords(services, await journal.list());
  const devices = [...before.devices, ...records.devices];
  const strangers = findStrangers({ ...records, ...inCinder, devices, local: [...before.local, ...records.local] });
  const wwpns = strangers.flatMap(initiatorsOf);
  const identifiers = new Set([...wwpns, ...inCinder.attaching.map(({ id }) => id)]);
  const mentions = withRecordedPorts(await journal.mentions(identifiers), services, records.flows);
  const isMaskOurs = wwpns.some((wwpn) => mentions.has(wwpn));
  const seen = { ...records, ...inCinder };
  return {
    ...seen,
    guests,
    ...(await lookAtParked(services, listed, context)),
    locations: await locate(services, records, guests, context),
    strangers,
    mentions,
    storage: (await driver.listStrayStorage?.(context, knownOwners(seen, listed))) ?? [],
    surplus: await lookForSurplus(services, seen, context),
    nics: await lookForNics(services, guests, before.networks, context),
    partitionUris: await listPartitions(services, seen, context),
    wwpnsThere: isMaskOurs ? ((await driver.listWwpns?.(context)) ?? new Set()) : new Set(),
  };
}

/** Adds the recorded ports of partitions, as mentioned by every flow of their instance. */
function withRecordedPorts(
  mentions: Views['mentions'],
  { partitionRecords }: ManagerServices,
  flows: Records['flows'],
): Views['mentions'] {
  const all = new Map<string, ReadonlySet<string>>(mentions);
  for (const { instanceUuid, wwpns } of partitionRecords.list()) {
    const ids = flows.flatMap(({ id, subject }) => (subject === instanceUuid ? [id] : []));
    for (const wwpn of wwpns) all.set(wwpn, new Set([...(all.get(wwpn) ?? []), ...ids]));
  }
  return all;
}

function readRecords({ store, localStore, ownership }: ManagerServices, flows: Records['flows']): Records {
  const instances = store.list();
  const devices = instances.flatMap(({ uuid }) => store.devices(uuid));
  return { instances, devices, local: localStore.list(), flows, isBusy: ownership.isAnyOwnedElsewhere() };
}

/** Reads attachments; with legacy volume actions, the attachment records of all volumes. */
async function lookAtCinder(
  { cinder, connections, store, localStore }: ManagerServices,
  context: RequestContext,
): Promise<InCinder> {
  const isLegacy = (await connections(context)).kind === 'legacy';
  const isUsed = localStore.list().length > 0 || store.list().some(({ uuid }) => store.devices(uuid).length > 0);
  const volumes = isLegacy || isUsed ? await cinder.listVolumes({}, context) : [];
  if (isLegacy) {
    const records = volumes.flatMap(({ id: volumeId, attachments }) =>
      attachments.map((record) => ({ ...record, volumeId })),
    );
    return {
      attachments: [],
      attachmentIds: new Set(records.map(({ attachmentId }) => attachmentId)),
      owned: records.map(({ serverId, volumeId }) => ({ instanceUuid: serverId, volumeId })),
      volumes,
      attaching: volumes.filter(({ status }) => status === 'attaching'),
    };
  }
  const attachments = await cinder.attachments.list({}, context);
  const attachmentIds = new Set(attachments.map(({ id }) => id));
  return { attachments, attachmentIds, owned: attachments, volumes, attaching: [] };
}

/** Reads only what tells whether parked partitions are still needed. Does not ask Cinder if nothing is parked. */
export async function lookForParked(
  services: ManagerServices,
  context: RequestContext,
): Promise<Pick<Views, 'parked' | 'everyAttachment' | 'owned'>> {
  const listed = await services.driver.listGuests(context, { all: false, parked: true });
  // Cinder is read last: an attachment that was created meanwhile is seen.
  const seen = await lookAtParked(services, listed, context);
  const owned = seen.parked.length === 0 ? [] : (await lookAtCinder(services, context)).owned;
  return { ...seen, owned };
}

/** Reads the ports of parked partitions one by one, since there are usually none. */
async function lookAtParked(
  services: ManagerServices,
  listed: readonly PlatformGuest[],
  context: RequestContext,
): Promise<Pick<Views, 'parked' | 'everyAttachment'>> {
  const parked: Parked[] = [];
  for (const { parkedFor: instanceUuid, ...guest } of listed) {
    if (instanceUuid === undefined) continue;
    parked.push({ ...guest, instanceUuid, wwpns: await readPorts(services, instanceUuid, context) });
  }
  return { parked, everyAttachment: parked.length === 0 ? undefined : await readEveryAttachment(services, context) };
}

async function readPorts(
  { driver, host, log }: ManagerServices,
  uuid: string,
  context: RequestContext,
): Promise<ReadonlySet<string> | undefined> {
  try {
    return new Set((await driver.getVolumeConnector(unknownInstance(host, uuid), context)).wwpns);
  } catch (error) {
    context.signal.throwIfAborted();
    log.warn({ event: 'parked.ports', instance: uuid, error: describeError(error) }, 'ports not read');
    return undefined;
  }
}

/** Cinder shows the attachments of all projects to administrators, and to every user if it runs without Keystone. */
async function readEveryAttachment(
  { cinder, connections }: ManagerServices,
  context: RequestContext,
): Promise<readonly Attachment[] | undefined> {
  if ((await connections(context)).kind === 'legacy') return undefined;
  const { keystone, roles } = await cinder.check(context);
  if (keystone !== undefined && !roles.includes('admin')) return undefined;
  return await cinder.attachments.list({ allProjects: true }, context);
}

/** Locates the guests of servers that the list lacks or shows with a doubt: usually none. */
async function locate(
  { driver, store }: ManagerServices,
  { instances }: Records,
  guests: readonly PlatformGuest[],
  context: RequestContext,
): Promise<ReadonlyMap<string, GuestLocation>> {
  const certain = new Set(guests.filter(({ doubt }) => doubt === undefined).map(({ instanceUuid }) => instanceUuid));
  const found = new Map<string, GuestLocation>();
  for (const instance of instances) {
    const { uuid, vmState } = instance;
    if ((vmState !== 'active' && vmState !== 'stopped') || certain.has(uuid)) continue;
    const info = toBlockDeviceInfo(store.devices(uuid));
    const location = await driver.locateGuest?.(context, toDriverInstance(instance), info);
    if (location !== undefined) found.set(uuid, location);
  }
  return found;
}

function knownOwners({ instances, flows, local }: Records, guests: readonly PlatformGuest[]): ReadonlySet<string> {
  const failed = failedServers({ instances, flows });
  return new Set([
    ...guests.map(({ instanceUuid, parkedFor }) => instanceUuid ?? parkedFor ?? ''),
    ...instances.map(({ uuid }) => uuid).filter((uuid) => !failed.has(uuid)),
    // The storage group of a partition without an instance is named after the partition.
    ...local.flatMap(({ place }) => (place.kind === 'partition' ? [storageOwnerOf(place)] : [])),
  ]);
}

/** Reads the NICs of the guests. A network that was attached or detached meanwhile counts as recorded. */
async function lookForNics(
  { driver, store }: ManagerServices,
  guests: readonly PlatformGuest[],
  before: ReturnType<ManagerServices['store']['allNetworks']>,
  context: RequestContext,
): Promise<Views['nics']> {
  const nics = (await driver.listNics?.(context, guests)) ?? [];
  const ids = new Set([...before, ...store.allNetworks()].map(({ interfaceId }) => interfaceId));
  return nics.map((nic) => ({ ...nic, isRecorded: ids.has(nic.interfaceId) }));
}

async function listPartitions(
  { driver }: ManagerServices,
  { local }: Records,
  context: RequestContext,
): Promise<ReadonlySet<string>> {
  if (local.every(({ place }) => place.kind !== 'partition')) return new Set();
  return new Set((await driver.listGuests(context, { all: true })).map(({ uri }) => uri));
}

/** Finds surplus storage, and leaves out what has been used since the records were read. */
async function lookForSurplus(
  services: ManagerServices,
  seen: Records & InCinder,
  context: RequestContext,
): Promise<readonly SurplusStorage[]> {
  const expectedBefore = listExpectedStorage(seen);
  const found = (await services.driver.listSurplusStorage?.(context, expectedBefore)) ?? [];
  if (found.length === 0) return found;
  const now = { ...seen, ...readRecords(services, await services.journal.list()) };
  const expected = new Map(listExpectedStorage(now).map((each) => [each.instanceUuid, each]));
  return found.filter(({ kind, name, instanceUuid }) => {
    const one = expected.get(instanceUuid);
    if (one === undefined) return false;
    const before = expectedBefore.find((each) => each.instanceUuid === instanceUuid);
    return kind !== 'storage-volume' || one.volumeIds.has(name) === (before?.volumeIds.has(name) === true);
  });
}
