import { ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { readMany } from '../bulk.ts';
import { HmcHttpError, isHmcError } from '../errors/index.ts';
import { parseAnswer } from '../answers.ts';
import { startJob } from '../job.ts';
import { withQuery } from '../query.ts';
import { readOne } from '../read.ts';
import { sendOnce } from '../reconcile.ts';
import type { Found } from '../reconcile.ts';
import type { Requester } from '../requester.ts';
import { toBody } from '../send.ts';
import { elementCreated, noContent } from '../wire/common.ts';
import { readAll, readSome } from '../wire/fields.ts';
import { createNicBody, nicFields, updateNicBody, virtualSwitchInventoryAnswer } from '../wire/nic.ts';
import type { CreateNic, Nic, UpdateNic, VirtualSwitch } from '../wire/nic.ts';
import { partitionFields } from '../wire/partition.ts';
import { linkNicBody, linkResults, partitionLinkListAnswer } from '../wire/partition-link.ts';
import type { NicOnLink } from '../wire/partition-link.ts';

const answer = readAll(nicFields);
/** For the job that creates or deletes the NICs of a partition link. */
const LINK_TIMEOUT_MS = 300_000;

const reading = { operation: 'Get NIC Properties', what: 'get NICs', resource: 'nic', answer } as const;

/** NICs of partitions, and the virtual switches that back them. Changes need the task permission "Partition Details". @public */
export class NicResource {
  readonly #requester: Requester;

  /** @internal */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /**
   * Performs "Create NIC". If the answer is lost, looks the NIC up by its name, which is unique in the partition.
   *
   * Some levels answer 500 although they have created the NIC: 500.12 for HiperSockets on z16, and 500.0 on z17, where the
   * NIC also lacks its name. A NIC without its name is found by device number and backing, and renamed.
   * Source: zhmc-ansible-modules zhmc_nic.py; zhmccli _cmd_nic.py.
   *
   * @returns the URI of the new NIC
   * @throws HmcHttpError 400.8 when name, device number or MAC address is taken; 404.2, 404.6 when the virtual switch, the
   *   adapter or its port does not exist
   */
  async create(partitionUri: string, nic: CreateNic, w: Waiting): Promise<string> {
    const what = `create NIC "${nic.name}" of partition ${partitionUri}`;
    const call = {
      operation: 'Create NIC',
      what,
      kind: 'create',
      method: 'POST',
      uri: `${partitionUri}/nics`,
      body: toBody(what, createNicBody, nic),
      answer: elementCreated,
    } as const;
    const creation = {
      what,
      send: async () => await this.#requester.call(call, w),
      find: async () => await this.#find(partitionUri, nic, w),
    };
    return await sendOnce(this.#requester, creation, w);
  }

  /**
   * Reads several NICs, in one request if the HMC supports it. Returns them in the order of `uris`, without deleted ones.
   */
  async getMany(uris: readonly string[], w: Waiting): Promise<readonly Nic[]> {
    const found = await readMany(this.#requester, uris, reading, w);
    return uris.flatMap((uri) => {
      const nic = found.get(uri);
      return nic === undefined ? [] : [{ uri, ...nic }];
    });
  }

  /** Reads the NICs of a partition. @throws HmcHttpError 404.1 when there is no such partition */
  async ofPartition(partitionUri: string, w: Waiting): Promise<readonly Nic[]> {
    const partition = {
      operation: 'Get Partition Properties',
      what: `get the NICs of partition ${partitionUri}`,
      uri: partitionUri,
      resource: 'partition',
      properties: ['nic-uris'],
      answer: readSome(partitionFields, ['nic-uris']),
    };
    const { nicUris } = await readOne(this.#requester, partition, w);
    return await this.getMany(nicUris, w);
  }

  /** Performs "Update NIC Properties". */
  async update(uri: string, changes: UpdateNic, w: Waiting): Promise<void> {
    const what = `update NIC ${uri}`;
    const body = toBody(what, updateNicBody, changes);
    const call = { operation: 'Update NIC Properties', what, kind: 'update', method: 'POST', uri, body } as const;
    await this.#requester.call({ ...call, answer: noContent }, w);
  }

  /** Performs "Delete NIC". Deleting a NIC that is already gone succeeds. */
  async delete(uri: string, w: Waiting): Promise<void> {
    const call = {
      operation: 'Delete NIC',
      what: `delete NIC ${uri}`,
      kind: 'delete',
      method: 'DELETE',
      uri,
    } as const;
    try {
      await this.#requester.call({ ...call, answer: noContent }, w);
    } catch (error) {
      if (!isHmcError(error, 404, 1)) throw error;
    }
  }

  /**
   * Lists the virtual switches of a CPC that the user sees; none on z17. Performs "Get Inventory", because the list operation
   * of older levels does not show what backs a switch.
   */
  async virtualSwitches(cpcUri: string, w: Waiting): Promise<readonly VirtualSwitch[]> {
    const call = {
      operation: 'Get Inventory',
      what: `list the virtual switches of CPC ${cpcUri}`,
      kind: 'read', // changes nothing, although it is a POST
      method: 'POST',
      uri: '/api/services/inventory',
      body: { resources: ['virtual-switch'] },
      answer: virtualSwitchInventoryAnswer,
    } as const;
    const switches = await this.#requester.call(call, w);
    return switches.filter(({ parent }) => parent === cpcUri);
  }

  /**
   * Performs "List Partition Links": finds the link of a HiperSockets adapter. Machines with the API feature
   * `dpm-hipersockets-partition-link-management` have one for each of these adapters (IBM WS API, Create NIC, 3931-LA1).
   *
   * @returns undefined if the machine has no partition links, which came with API 4.1
   */
  async hipersocketsLink(cpcUri: string, adapterUri: string, w: Waiting): Promise<string | undefined> {
    const what = `find the partition link of adapter ${adapterUri}`;
    const level = await this.#requester.level(what, w);
    if (!level.isAtLeast(4, 1)) return undefined;
    const query = { 'cpc-uri': cpcUri, type: 'hipersockets', 'additional-properties': 'adapter-uri' };
    const uri = withQuery('/api/partition-links', query);
    const call = { operation: 'List Partition Links', what, kind: 'read', method: 'GET', uri } as const;
    try {
      const answer = await this.#requester.call({ ...call, answer: partitionLinkListAnswer }, w);
      return answer['partition-links'].find((link) => link.adapterUri === adapterUri)?.uri;
    } catch (error) {
      // The HMC, or its level of links, does not know the operation or the property.
      if (error instanceof HmcHttpError && [400, 404, 405].includes(error.status)) return undefined;
      throw error;
    }
  }

  /**
   * Performs "Modify Partition Link": connects a partition, and so creates a NIC, which gets a generated name. Needs the task
   * permission "Partition Link Details".
   *
   * @throws ConflictError when the job reports that the partition was not attached
   */
  async connectByLink(linkUri: string, partitionUri: string, nic: NicOnLink, w: Waiting): Promise<void> {
    const what = `connect partition ${partitionUri} to partition link ${linkUri}`;
    const connection = { 'partition-uri': partitionUri, 'number-of-nics': 1, nics: [toBody(what, linkNicBody, nic)] };
    const uri = `${linkUri}/operations/modify`;
    const origin = { operation: 'Modify Partition Link', what, uri, body: { 'added-connections': [connection] } };
    const job = await startJob(this.#requester, origin, w);
    const results = await job.wait({ ...w, timeoutMs: LINK_TIMEOUT_MS });
    const parsed = parseAnswer({ ...origin, answer: linkResults }, results);
    const failed = parsed['operation-results'].find((each) => each['operation-status'] !== 'attached');
    if (failed === undefined) return;
    throw new ConflictError(`${what}: the HMC reports "${failed['operation-status']}"`, { partition: partitionUri });
  }

  async #find(partitionUri: string, asked: CreateNic, w: Waiting): Promise<Found<string> | undefined> {
    const nics = await this.ofPartition(partitionUri, w);
    const isBackedAsAsked = (nic: Nic) =>
      nic.virtualSwitchUri === asked.virtualSwitchUri && nic.networkAdapterPortUri === asked.networkAdapterPortUri;
    const named = nics.find(({ name }) => name === asked.name);
    if (named !== undefined) return { uri: named.uri, value: named.uri, matches: isBackedAsAsked(named) };
    const nameless = nics.find(
      (nic) => nic.name === '' && nic.deviceNumber === asked.deviceNumber && isBackedAsAsked(nic),
    );
    if (nameless === undefined) return undefined;
    await this.update(nameless.uri, { name: asked.name }, w);
    return { uri: nameless.uri, value: nameless.uri, matches: true };
  }
}
