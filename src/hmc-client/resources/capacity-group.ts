import type { Waiting } from '../../base/index.ts';
import { isHmcError } from '../errors/index.ts';
import { exactly, withQuery } from '../query.ts';
import type { Requester } from '../requester.ts';
import { capacityGroupAnswer, capacityGroupListAnswer } from '../wire/capacity-group.ts';
import type { CapacityGroup, CapacityGroupSummary } from '../wire/capacity-group.ts';
import { noContent } from '../wire/common.ts';

/** Capacity groups of a CPC in DPM mode. @public */
export class CapacityGroupResource {
  readonly #requester: Requester;

  /** @internal */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Performs "List Capacity Groups of a CPC". @param filter.name - exact */
  async list(
    cpcUri: string,
    { name }: { readonly name?: string },
    w: Waiting,
  ): Promise<readonly CapacityGroupSummary[]> {
    const call = {
      operation: 'List Capacity Groups of a CPC',
      what: `list the capacity groups of CPC ${cpcUri}`,
      kind: 'read',
      method: 'GET',
      uri: withQuery(`${cpcUri}/capacity-groups`, { name: name === undefined ? undefined : exactly(name) }),
      answer: capacityGroupListAnswer,
    } as const;
    const { 'capacity-groups': groups } = await this.#requester.call(call, w);
    return groups;
  }

  /** Performs "Get Capacity Group Properties". @throws HmcHttpError 404.150 when the group does not exist */
  async get(uri: string, w: Waiting): Promise<CapacityGroup> {
    const call = {
      operation: 'Get Capacity Group Properties',
      what: `get capacity group ${uri}`,
      kind: 'read',
      method: 'GET',
      uri,
      answer: capacityGroupAnswer,
    } as const;
    return { uri, ...(await this.#requester.call(call, w)) };
  }

  /**
   * Performs "Add Partition to Capacity Group". Succeeds if the partition is in the group already (409.130).
   *
   * @throws HmcHttpError 409.120 when it is in another group; 409.170 when its processors are dedicated. Source of the
   *   reason codes: python-zhmcclient mock/_urihandler.py
   * @remarks Needs the task permission "Manage Processor Sharing".
   */
  async addPartition(uri: string, partitionUri: string, w: Waiting): Promise<void> {
    await this.#change('Add Partition to Capacity Group', `${uri}/operations/add-partition`, partitionUri, 130, w);
  }

  /** Performs "Remove Partition from Capacity Group". Succeeds if the partition is not in the group (409.140). */
  async removePartition(uri: string, partitionUri: string, w: Waiting): Promise<void> {
    const operation = 'Remove Partition from Capacity Group';
    await this.#change(operation, `${uri}/operations/remove-partition`, partitionUri, 140, w);
  }

  /** @param done - the reason of a 409 that says that there is nothing to do */
  async #change(operation: string, uri: string, partitionUri: string, done: number, w: Waiting): Promise<void> {
    const call = {
      operation,
      what: `${operation.toLowerCase()} ${uri}`,
      kind: 'update',
      method: 'POST',
      uri,
      body: { 'partition-uri': partitionUri },
      answer: noContent,
    } as const;
    try {
      await this.#requester.call(call, w);
    } catch (error) {
      if (!isHmcError(error, 409, done)) throw error;
    }
  }
}
