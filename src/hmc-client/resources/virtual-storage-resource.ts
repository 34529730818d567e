import type { Waiting } from '../../base/index.ts';
import { readMany } from '../bulk.ts';
import type { Requester } from '../requester.ts';
import { toBody } from '../send.ts';
import { noContent } from '../wire/common.ts';
import {
  toVirtualStorageResource,
  updateVirtualStorageResourceBody,
  virtualStorageResourceAnswer,
} from '../wire/virtual-storage-resource.ts';
import type { UpdateVirtualStorageResource, VirtualStorageResource } from '../wire/virtual-storage-resource.ts';

const reading = {
  operation: 'Get Virtual Storage Resource Properties',
  what: 'get virtual storage resources',
  resource: 'virtual-storage-resource',
  answer: virtualStorageResourceAnswer,
} as const;

/** Virtual storage resources: attaching a storage group to a partition creates one for each connection. @public */
export class VirtualStorageResourceResource {
  readonly #requester: Requester;

  /** @internal */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /**
   * Reads several resources, in one request if the HMC supports it. Returns them in the order of `uris`, without
   * deleted ones.
   */
  async getMany(uris: readonly string[], w: Waiting): Promise<readonly VirtualStorageResource[]> {
    const found = await readMany(this.#requester, uris, reading, w);
    return uris.flatMap((uri) => {
      const read = found.get(uri);
      return read === undefined ? [] : [toVirtualStorageResource(uri, read)];
    });
  }

  /** Performs "Update Virtual Storage Resource Properties". */
  async update(uri: string, changes: UpdateVirtualStorageResource, w: Waiting): Promise<void> {
    const what = `update virtual storage resource ${uri}`;
    const call = {
      operation: 'Update Virtual Storage Resource Properties',
      what,
      kind: 'update',
      method: 'POST',
      uri,
      body: toBody(what, updateVirtualStorageResourceBody, changes),
      answer: noContent,
    } as const;
    await this.#requester.call(call, w);
  }
}
