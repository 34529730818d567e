import type { Waiting } from '../../base/index.ts';
import { exactly, withQuery } from '../query.ts';
import type { Requester } from '../requester.ts';
import { adapterFields, adapterListAnswer, storagePortFields } from '../wire/adapter.ts';
import type { Adapter, AdapterSummary, StoragePort } from '../wire/adapter.ts';
import { readAll } from '../wire/fields.ts';

/** Selects adapters; every given condition must match. @public */
export interface AdapterFilter {
  readonly name?: string | undefined;
  /** Three hex digits. */
  readonly adapterId?: string | undefined;
  /** `ficon`, `osa`, … */
  readonly family?: string | undefined;
  /** `fcp`, `fc`, … */
  readonly type?: string | undefined;
  readonly status?: string | undefined;
}

const adapterAnswer = readAll(adapterFields);
const storagePortAnswer = readAll(storagePortFields);

/** Adapters of a CPC and their storage ports. @public */
export class AdapterResource {
  readonly #requester: Requester;

  /** @internal */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Performs "List Adapters of a CPC". */
  async list(cpcUri: string, filter: AdapterFilter, w: Waiting): Promise<readonly AdapterSummary[]> {
    const { name, adapterId, family, type, status } = filter;
    const query = { name: name === undefined ? undefined : exactly(name), 'adapter-family': family, type, status };
    const call = {
      operation: 'List Adapters of a CPC',
      what: `list adapters of CPC ${cpcUri}`,
      kind: 'read',
      method: 'GET',
      uri: withQuery(`${cpcUri}/adapters`, query),
      answer: adapterListAnswer,
    } as const;
    const { adapters } = await this.#requester.call(call, w);
    // Some HMCs do not find an adapter-id that contains letters, so the client compares it. Source: python-zhmcclient
    // _adapter.py.
    return adapterId === undefined ? adapters : adapters.filter((it) => it.adapterId === adapterId.toLowerCase());
  }

  /** Performs "Get Adapter Properties". */
  async get(uri: string, w: Waiting): Promise<Adapter> {
    const call = {
      operation: 'Get Adapter Properties',
      what: `get adapter ${uri}`,
      kind: 'read',
      method: 'GET',
      uri,
      answer: adapterAnswer,
    } as const;
    return { uri, ...(await this.#requester.call(call, w)) };
  }

  /**
   * Performs "Get Storage Port Properties".
   *
   * @throws HmcHttpError 404.4 when the adapter is a FICON card that is not configured
   */
  async getStoragePort(uri: string, w: Waiting): Promise<StoragePort> {
    const call = {
      operation: 'Get Storage Port Properties',
      what: `get storage port ${uri}`,
      kind: 'read',
      method: 'GET',
      uri,
      answer: storagePortAnswer,
    } as const;
    return { uri, ...(await this.#requester.call(call, w)) };
  }
}
