import type { Waiting } from '../../base/index.ts';
import { readMany } from '../bulk.ts';
import { readOne } from '../read.ts';
import { sendOnce } from '../reconcile.ts';
import type { Found } from '../reconcile.ts';
import type { Requester } from '../requester.ts';
import { toBody } from '../send.ts';
import { noContent } from '../wire/common.ts';
import { fulfillFcpBody, storageVolumeAnswer } from '../wire/storage-volume.ts';
import type { FcpFulfillment, StorageVolume } from '../wire/storage-volume.ts';

const reading = {
  operation: 'Get Storage Volume Properties',
  resource: 'storage-volume',
  answer: storageVolumeAnswer,
} as const;

/** Storage volumes of storage groups; they are made and deleted by a change of their group. @public */
export class StorageVolumeResource {
  readonly #requester: Requester;

  /** @internal */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Performs "Get Storage Volume Properties". */
  async get(uri: string, w: Waiting): Promise<StorageVolume> {
    return { uri, ...(await readOne(this.#requester, { ...reading, uri, what: `get storage volume ${uri}` }, w)) };
  }

  /** Reads several in one request where the HMC can; in the order of `uris`, those that are gone left out. */
  async getMany(uris: readonly string[], w: Waiting): Promise<readonly StorageVolume[]> {
    const found = await readMany(this.#requester, uris, { ...reading, what: 'get storage volumes' }, w);
    return uris.flatMap((uri) => {
      const volume = found.get(uri);
      return volume === undefined ? [] : [{ uri, ...volume }];
    });
  }

  /**
   * Performs "Fulfill FCP Storage Volume": tells DPM where the LUN is before discovery has proved it. The port has to be
   * a candidate of the group. A lost answer is judged by the volume: `complete` means that it was heard.
   *
   * @throws HmcHttpError when discovery has validated the volume already
   */
  async fulfillFcp(uri: string, fulfillment: FcpFulfillment, w: Waiting): Promise<void> {
    const what = `fulfill storage volume ${uri}`;
    const call = {
      operation: 'Fulfill FCP Storage Volume',
      what,
      kind: 'create', // a second one may be refused, so its effect is looked up
      method: 'POST',
      uri: `${uri}/operations/fulfill-fcp-storage-volume`,
      body: toBody(what, fulfillFcpBody, fulfillment),
      answer: noContent,
    } as const;
    const find = async (): Promise<Found<void> | undefined> => {
      const { fulfillmentState } = await this.get(uri, w);
      return fulfillmentState === 'complete' ? { uri, value: undefined, matches: true } : undefined;
    };
    await sendOnce(this.#requester, { what, find, send: async () => await this.#requester.call(call, w) }, w);
  }
}
