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

/** Storage volumes of storage groups. A change of the group creates and deletes them. @public */
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

  /**
   * Reads several volumes, in one request if the HMC supports it. Returns them in the order of `uris`, without deleted
   * ones.
   */
  async getMany(uris: readonly string[], w: Waiting): Promise<readonly StorageVolume[]> {
    const found = await readMany(this.#requester, uris, { ...reading, what: 'get storage volumes' }, w);
    return uris.flatMap((uri) => {
      const volume = found.get(uri);
      return volume === undefined ? [] : [{ uri, ...volume }];
    });
  }

  /**
   * Performs "Fulfill FCP Storage Volume": tells DPM where the LUN is, before discovery has found it. The adapter port
   * has to be a candidate of the group. If the answer is lost, reads the volume: `complete` means that the request took
   * effect.
   *
   * @throws HmcHttpError when discovery has already validated the volume
   */
  async fulfillFcp(uri: string, fulfillment: FcpFulfillment, w: Waiting): Promise<void> {
    const what = `fulfill storage volume ${uri}`;
    const call = {
      operation: 'Fulfill FCP Storage Volume',
      what,
      kind: 'create', // a second request may be refused, so its effect is looked up
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
