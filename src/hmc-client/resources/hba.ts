import type { Waiting } from '../../base/index.ts';
import { readMany } from '../bulk.ts';
import { isHmcError } from '../errors/index.ts';
import { readOne } from '../read.ts';
import { sendOnce } from '../reconcile.ts';
import type { Found } from '../reconcile.ts';
import type { Requester } from '../requester.ts';
import { toBody } from '../send.ts';
import { elementCreated, noContent } from '../wire/common.ts';
import { readAll, readSome } from '../wire/fields.ts';
import { createHbaBody, hbaFields, updateHbaBody } from '../wire/hba.ts';
import type { CreateHba, Hba, UpdateHba } from '../wire/hba.ts';
import { partitionFields } from '../wire/partition.ts';

const answer = readAll(hbaFields);
const reading = { operation: 'Get HBA Properties', resource: 'hba', answer } as const;

/**
 * Virtual HBAs of partitions, on machines without storage management. The status with which an HMC with storage
 * management refuses these operations is not documented: any 4xx.
 *
 * @public
 */
export class HbaResource {
  readonly #requester: Requester;

  /** @internal */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /**
   * Performs "Create HBA". If the answer is lost, looks the vHBA up by its name, which is unique in the partition.
   *
   * @returns the URI of the new HBA
   * @throws HmcHttpError 400.8 when name or device number is taken; 404.2, 404.6 when the adapter or port does not
   *   exist
   */
  async create(partitionUri: string, hba: CreateHba, w: Waiting): Promise<string> {
    const what = `create vHBA "${hba.name}" of partition ${partitionUri}`;
    const call = {
      operation: 'Create HBA',
      what,
      kind: 'create',
      method: 'POST',
      uri: `${partitionUri}/hbas`,
      body: toBody(what, createHbaBody, hba),
      answer: elementCreated,
    } as const;
    const creation = {
      what,
      send: async () => await this.#requester.call(call, w),
      find: async () => await this.#find(partitionUri, hba, w),
    };
    return await sendOnce(this.#requester, creation, w);
  }

  /** Performs "Get HBA Properties". */
  async get(uri: string, w: Waiting): Promise<Hba> {
    return { uri, ...(await readOne(this.#requester, { ...reading, uri, what: `get vHBA ${uri}` }, w)) };
  }

  /**
   * Reads several vHBAs, in one request if the HMC supports it. Returns them in the order of `uris`, without deleted
   * ones.
   */
  async getMany(uris: readonly string[], w: Waiting): Promise<readonly Hba[]> {
    const found = await readMany(this.#requester, uris, { ...reading, what: 'get vHBAs' }, w);
    return uris.flatMap((uri) => {
      const hba = found.get(uri);
      return hba === undefined ? [] : [{ uri, ...hba }];
    });
  }

  /** Performs "Update HBA Properties". */
  async update(uri: string, changes: UpdateHba, w: Waiting): Promise<void> {
    const what = `update vHBA ${uri}`;
    const body = toBody(what, updateHbaBody, changes);
    const call = { operation: 'Update HBA Properties', what, kind: 'update', method: 'POST', uri, body } as const;
    await this.#requester.call({ ...call, answer: noContent }, w);
  }

  /** Performs "Delete HBA". Deleting a vHBA that is already gone succeeds. */
  async delete(uri: string, w: Waiting): Promise<void> {
    const call = {
      operation: 'Delete HBA',
      what: `delete vHBA ${uri}`,
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

  async #find(partitionUri: string, asked: CreateHba, w: Waiting): Promise<Found<string> | undefined> {
    const partition = {
      operation: 'Get Partition Properties',
      what: `get the vHBAs of partition ${partitionUri}`,
      uri: partitionUri,
      resource: 'partition',
      properties: ['hba-uris'],
      answer: readSome(partitionFields, ['hba-uris']),
    };
    const { hbaUris } = await readOne(this.#requester, partition, w);
    const hbas = await this.getMany(hbaUris, w);
    const twin = hbas.find(({ name }) => name === asked.name);
    return twin && { uri: twin.uri, value: twin.uri, matches: twin.adapterPortUri === asked.adapterPortUri };
  }
}
