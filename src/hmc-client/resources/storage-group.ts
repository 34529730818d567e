import type { Waiting } from '../../base/index.ts';
import { readMany } from '../bulk.ts';
import { isHmcError } from '../errors/index.ts';
import { startJob } from '../job.ts';
import type { HmcJob } from '../job.ts';
import { exactly, withQuery } from '../query.ts';
import { sendOnce } from '../reconcile.ts';
import type { Found } from '../reconcile.ts';
import type { HmcCall, Requester } from '../requester.ts';
import { toBody } from '../send.ts';
import { noContent } from '../wire/common.ts';
import {
  attachedPartitionsAnswer,
  connectionReportAnswer,
  createStorageGroupBody,
  modifyStorageGroupBody,
  storageGroupAnswer,
  storageGroupCreated,
  storageGroupListAnswer,
  volumesCreated,
} from '../wire/storage-group.ts';
import type {
  AttachedPartition,
  ConnectionReport,
  CreatedStorageGroup,
  CreateStorageGroup,
  ModifyStorageGroup,
  StorageGroup,
  StorageGroupSummary,
} from '../wire/storage-group.ts';
import type { StorageVolumeResource } from './storage-volume.ts';

/** Selects storage groups; every given condition must match. @public */
export interface StorageGroupFilter {
  readonly cpcUri?: string | undefined;
  /** Exact name. */
  readonly name?: string | undefined;
  readonly fulfillmentState?: string | undefined;
  readonly type?: string | undefined;
}

const reading = {
  operation: 'Get Storage Group Properties',
  what: 'get storage groups',
  resource: 'storage-group',
  answer: storageGroupAnswer,
} as const;

/** States of storage volumes that have to be accepted or rejected. */
const undecidedStates: ReadonlySet<string> = new Set(['pending-with-mismatches', 'overprovisioned']);

/** Storage groups, on machines with storage management. Source: python-zhmcclient _storage_group.py. @public */
export class StorageGroupResource {
  readonly #requester: Requester;
  readonly #volumes: StorageVolumeResource;

  /** @internal */
  constructor(requester: Requester, volumes: StorageVolumeResource) {
    this.#requester = requester;
    this.#volumes = volumes;
  }

  /** Performs "List Storage Groups". Without a CPC, lists the groups of all CPCs. */
  async list(filter: StorageGroupFilter, w: Waiting): Promise<readonly StorageGroupSummary[]> {
    const { cpcUri, name, fulfillmentState, type } = filter;
    const pattern = name === undefined ? undefined : exactly(name);
    const query = { 'cpc-uri': cpcUri, name: pattern, 'fulfillment-state': fulfillmentState, type };
    const call = {
      operation: 'List Storage Groups',
      what: name === undefined ? 'list storage groups' : `find storage group "${name}"`,
      kind: 'read',
      method: 'GET',
      uri: withQuery('/api/storage-groups', query),
      answer: storageGroupListAnswer,
    } as const;
    const { 'storage-groups': groups } = await this.#requester.call(call, w);
    return name === undefined ? groups : groups.filter((group) => group.name === name);
  }

  /** Performs "Get Storage Group Properties". */
  async get(uri: string, w: Waiting): Promise<StorageGroup> {
    const call = this.#call('Get Storage Group Properties', `get storage group ${uri}`, 'read', uri);
    return { uri, ...(await this.#requester.call({ ...call, method: 'GET', answer: storageGroupAnswer }, w)) };
  }

  /**
   * Reads several groups, in one request if the HMC supports it. Returns them in the order of `uris`, without deleted
   * ones.
   */
  async getMany(uris: readonly string[], w: Waiting): Promise<readonly StorageGroup[]> {
    const found = await readMany(this.#requester, uris, reading, w);
    return uris.flatMap((uri) => {
      const group = found.get(uri);
      return group === undefined ? [] : [{ uri, ...group }];
    });
  }

  /**
   * Performs "Create Storage Group". If the answer is lost, looks the group up by name, so that it is created exactly
   * once. The WWPNs of the group exist from then on.
   *
   * @throws HmcHttpError 409.5 when the CPC is not in DPM mode
   * @remarks Needs the task permission "Configure Storage – System Programmer".
   */
  async create(group: CreateStorageGroup, w: Waiting): Promise<CreatedStorageGroup> {
    const what = `create storage group "${group.name}"`;
    const body = toBody(what, createStorageGroupBody, group);
    const call = this.#call('Create Storage Group', what, 'create', '/api/storage-groups', body);
    const change = {
      what,
      send: async () => await this.#requester.call({ ...call, answer: storageGroupCreated }, w),
      find: async () => await this.#findCreated(group, w),
    };
    return await sendOnce(this.#requester, change, w);
  }

  /**
   * Performs "Modify Storage Group Properties". If the answer is lost, reads the group: the change took effect if the
   * volumes to create are there, and the volumes to delete are not. The names of new volumes must therefore be new in
   * the group.
   *
   * @returns the URIs of the new volumes, in the order of the changes
   */
  async modify(uri: string, changes: ModifyStorageGroup, w: Waiting): Promise<readonly string[]> {
    const what = `modify storage group ${uri}`;
    const body = toBody(what, modifyStorageGroupBody, changes);
    const isRepeatable = (changes.storageVolumes ?? []).every(({ operation }) => operation === 'modify');
    const kind = isRepeatable ? 'update' : 'create';
    const call = this.#call('Modify Storage Group Properties', what, kind, `${uri}/operations/modify`, body);
    const change = {
      what,
      send: async () => await this.#requester.call({ ...call, answer: volumesCreated }, w),
      find: async () => await this.#findModified(uri, changes, w),
    };
    return await sendOnce(this.#requester, change, w);
  }

  /**
   * Performs "Delete Storage Group", which also deletes its volumes and releases its WWPNs. Deleting a group that is
   * already gone succeeds.
   *
   * @throws HmcHttpError 409 while the group is attached to a partition
   */
  async delete(uri: string, w: Waiting): Promise<void> {
    const call = this.#call(
      'Delete Storage Group',
      `delete storage group ${uri}`,
      'delete',
      `${uri}/operations/delete`,
      {},
    );
    try {
      await this.#requester.call({ ...call, answer: noContent }, w);
    } catch (error) {
      if (!isHmcError(error, 404, 1)) throw error;
    }
  }

  /**
   * Performs "Add Candidate Adapter Ports to an FCP Storage Group" for the ports that are not candidates yet.
   *
   * @throws HmcHttpError once discovery has validated the first WWPN of the group
   */
  async addCandidateAdapterPorts(uri: string, portUris: readonly string[], w: Waiting): Promise<void> {
    const operation = 'Add Candidate Adapter Ports to an FCP Storage Group';
    await this.#changePorts(uri, portUris, { operation, verb: 'add', refusedWith: 483 }, w);
  }

  /** Performs "Remove Candidate Adapter Ports from an FCP Storage Group" for the ports that are candidates. */
  async removeCandidateAdapterPorts(uri: string, portUris: readonly string[], w: Waiting): Promise<void> {
    const operation = 'Remove Candidate Adapter Ports from an FCP Storage Group';
    await this.#changePorts(uri, portUris, { operation, verb: 'remove', refusedWith: 479 }, w);
  }

  /**
   * Performs "Get Partitions for a Storage Group": lists the partitions to which the group is attached, including those
   * that the user may not access.
   */
  async getPartitions(uri: string, w: Waiting): Promise<readonly AttachedPartition[]> {
    const what = `get the partitions of storage group ${uri}`;
    const call = this.#call('Get Partitions for a Storage Group', what, 'read', `${uri}/operations/get-partitions`);
    const { partitions } = await this.#requester.call({ ...call, method: 'GET', answer: attachedPartitionsAnswer }, w);
    return partitions;
  }

  /**
   * Performs "Start FCP Storage Discovery", a job that cannot be canceled. Needs API 2.37; DPM also searches by itself
   * every ten minutes. A second discovery searches again, or replaces the first (IBM WS API, Start FCP Storage
   * Discovery), so a lost request is sent again.
   *
   * @param options.forceRestart - replaces a running discovery
   */
  async startDiscovery(uri: string, w: Waiting, options: { readonly forceRestart?: boolean } = {}): Promise<HmcJob> {
    const origin = {
      operation: 'Start FCP Storage Discovery',
      what: `start discovery for storage group ${uri}`,
      uri: `${uri}/operations/start-fcp-storage-discovery`,
      body: { 'force-restart': options.forceRestart ?? false },
      kind: 'update',
    } as const;
    return await startJob(this.#requester, origin, w);
  }

  /**
   * Performs "Get Connection Report". Needs API 2.37.
   *
   * @throws HmcHttpError before the first successful discovery
   */
  async getConnectionReport(uri: string, w: Waiting): Promise<ConnectionReport> {
    const what = `get the connection report of storage group ${uri}`;
    const call = this.#call('Get Connection Report', what, 'read', `${uri}/operations/get-connection-report`);
    return await this.#requester.call({ ...call, method: 'GET', answer: connectionReportAnswer }, w);
  }

  /**
   * Performs "Accept Mismatched Storage Volumes" for volumes that are `pending-with-mismatches` or `overprovisioned`:
   * the volumes become `complete` with the LUNs that were found, instead of those that were requested. Source: IBM WS
   * API, Z16M-A01.
   *
   * @throws HmcHttpError 409 when one of them is in another state; none is accepted then
   * @remarks Needs the task permission "Configure Storage – System Programmer".
   */
  async acceptMismatchedVolumes(uri: string, volumeUris: readonly string[], w: Waiting): Promise<void> {
    await this.#decideMismatches(
      uri,
      volumeUris,
      { verb: 'accept', operation: 'Accept Mismatched Storage Volumes' },
      w,
    );
  }

  /**
   * Performs "Reject Mismatched FCP Storage Volumes": the LUN that was found does not become part of the group. IBM's
   * page is not public; the body is that of "Accept Mismatched Storage Volumes". Unverified on hardware.
   */
  async rejectMismatchedVolumes(uri: string, volumeUris: readonly string[], w: Waiting): Promise<void> {
    await this.#decideMismatches(
      uri,
      volumeUris,
      { verb: 'reject', operation: 'Reject Mismatched FCP Storage Volumes' },
      w,
    );
  }

  /** If the answer is lost, reads the volumes: the decision took effect if none of them still waits for one. */
  async #decideMismatches(
    uri: string,
    volumeUris: readonly string[],
    decision: { readonly verb: 'accept' | 'reject'; readonly operation: string },
    w: Waiting,
  ): Promise<void> {
    const { verb, operation } = decision;
    const what = `${verb} mismatched volumes of storage group ${uri}`;
    const path = `${uri}/operations/${verb}-mismatched-storage-volumes`;
    const call = this.#call(operation, what, 'create', path, { 'storage-volume-uris': volumeUris });
    const find = async (): Promise<Found<void> | undefined> => {
      const volumes = await this.#volumes.getMany(volumeUris, w);
      const isOpen = volumes.some(({ fulfillmentState = '' }) => undecidedStates.has(fulfillmentState));
      return isOpen ? undefined : { uri, value: undefined, matches: true };
    };
    const send = async () => await this.#requester.call({ ...call, answer: noContent }, w);
    await sendOnce(this.#requester, { what, send, find }, w);
  }

  /** The HMC refuses the whole list if one port is already as requested. Then sends only the other ports. */
  async #changePorts(
    uri: string,
    portUris: readonly string[],
    change: { readonly operation: string; readonly verb: 'add' | 'remove'; readonly refusedWith: number },
    w: Waiting,
  ): Promise<void> {
    const { operation, verb, refusedWith } = change;
    const what = `${verb} candidate ports of storage group ${uri}`;
    const path = `${uri}/operations/${verb}-candidate-adapter-ports`;
    const send = async (ports: readonly string[]): Promise<void> => {
      const call = this.#call(operation, what, 'update', path, { 'adapter-port-uris': ports });
      await this.#requester.call({ ...call, answer: noContent }, w);
    };
    try {
      await send(portUris);
    } catch (error) {
      if (!isHmcError(error, 409, refusedWith)) throw error;
      const { candidateAdapterPortUris } = await this.get(uri, w);
      const rest = portUris.filter((port) => candidateAdapterPortUris.includes(port) === (verb === 'remove'));
      if (rest.length > 0) await send(rest);
    }
  }

  async #findCreated(asked: CreateStorageGroup, w: Waiting): Promise<Found<CreatedStorageGroup> | undefined> {
    const [twin] = await this.list({ cpcUri: asked.cpcUri, name: asked.name }, w);
    if (twin === undefined) return undefined;
    const { uri } = twin;
    const group = await this.get(uri, w);
    const names = asked.storageVolumes.map(({ name }) => name);
    const volumeUris = await this.#volumesNamed(group, names, w);
    const matches = group.type === asked.type && group.description === (asked.description ?? '');
    return { uri, value: { uri, volumeUris: volumeUris ?? [] }, matches: matches && volumeUris !== undefined };
  }

  async #findModified(
    uri: string,
    { storageVolumes = [] }: ModifyStorageGroup,
    w: Waiting,
  ): Promise<Found<readonly string[]> | undefined> {
    const group = await this.get(uri, w);
    const names = storageVolumes.flatMap((change) => (change.operation === 'create' ? [change.name] : []));
    const deleted = storageVolumes.flatMap((change) => (change.operation === 'delete' ? [change.uri] : []));
    if (deleted.some((volume) => group.storageVolumeUris.includes(volume))) return undefined;
    const value = await this.#volumesNamed(group, names, w);
    return value && { uri, value, matches: true };
  }

  /** Returns the volumes with these names, in this order; undefined unless all of them exist. */
  async #volumesNamed(
    group: Pick<StorageGroup, 'storageVolumeUris'>,
    names: readonly string[],
    w: Waiting,
  ): Promise<readonly string[] | undefined> {
    const volumes = await this.#volumes.getMany(group.storageVolumeUris, w);
    const found = names.flatMap((name) => volumes.find((volume) => volume.name === name)?.uri ?? []);
    return found.length === names.length ? found : undefined;
  }

  #call(operation: string, what: string, kind: HmcCall<unknown>['kind'], uri: string, body?: unknown) {
    return { operation, what, kind, method: 'POST', uri, body } as const;
  }
}
