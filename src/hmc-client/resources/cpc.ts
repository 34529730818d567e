import type { Waiting } from '../../base/index.ts';
import { exactly, withQuery } from '../query.ts';
import { readOne } from '../read.ts';
import type { Requester } from '../requester.ts';
import { cpcFields, cpcListAnswer, toCpc } from '../wire/cpc.ts';
import type { Cpc, CpcSummary } from '../wire/cpc.ts';
import { readAll, wireNames } from '../wire/fields.ts';
import { validateLunPath } from './lun-path.ts';
import type { LunPath, LunPathVerdict } from './lun-path.ts';

const answer = readAll(cpcFields);

/** The machines that an HMC manages. @public */
export class CpcResource {
  readonly #requester: Requester;

  /** @internal */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /**
   * Performs "List CPC Objects". Omits CPCs that the user may not see.
   *
   * @param filter.name - exact name, case-sensitive
   */
  async list(filter: { readonly name?: string | undefined }, w: Waiting): Promise<readonly CpcSummary[]> {
    const { name } = filter;
    const call = {
      operation: 'List CPC Objects',
      what: name === undefined ? 'list CPCs' : `find CPC "${name}"`,
      kind: 'read',
      method: 'GET',
      uri: withQuery('/api/cpcs', { name: name === undefined ? undefined : exactly(name) }),
      answer: cpcListAnswer,
    } as const;
    const { cpcs } = await this.#requester.call(call, w);
    return name === undefined ? cpcs : cpcs.filter((cpc) => cpc.name === name);
  }

  /**
   * Performs "Get CPC Properties".
   *
   * @throws HmcHttpError 404.1 when there is no such CPC for this user; 409 while the CPC cannot report its properties
   */
  async get(uri: string, w: Waiting): Promise<Cpc> {
    const reading = {
      operation: 'Get CPC Properties',
      what: `get CPC ${uri}`,
      uri,
      resource: 'cpc',
      properties: wireNames(cpcFields),
      answer,
    };
    return toCpc(uri, await readOne(this.#requester, reading, w));
  }

  /**
   * Performs "Validate LUN Path": tests whether the initiator reaches the LUN through the adapter port. Needs storage
   * management, and the task permission "Configure Storage – Storage Administrator".
   */
  async validateLunPath(uri: string, path: LunPath, w: Waiting): Promise<LunPathVerdict> {
    return await validateLunPath(this.#requester, uri, path, w);
  }
}
