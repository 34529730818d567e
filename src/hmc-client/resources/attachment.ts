import type { Waiting } from '../../base/index.ts';
import { HmcHttpError } from '../errors/index.ts';
import { readOne } from '../read.ts';
import type { Requester } from '../requester.ts';
import { noContent } from '../wire/common.ts';
import { readSome } from '../wire/fields.ts';
import { partitionFields } from '../wire/partition.ts';

/** A request to attach or detach a storage group. */
interface GroupAttachment {
  readonly verb: 'attach' | 'detach';
  readonly partitionUri: string;
  readonly groupUri: string;
}

const operations = {
  attach: 'Attach Storage Group to Partition',
  detach: 'Detach Storage Group from Partition',
} as const;

/**
 * Attaches or detaches a storage group. Idempotent. The reason codes of a second attach or detach are not public, so
 * after a refusal the client reads the partition: if the group is already attached or detached as requested, the call
 * succeeds.
 */
export async function changeAttachment(requester: Requester, change: GroupAttachment, w: Waiting): Promise<void> {
  const { verb, partitionUri, groupUri } = change;
  const call = {
    operation: operations[verb],
    what: `${verb} storage group ${groupUri}, partition ${partitionUri}`,
    kind: 'update',
    method: 'POST',
    uri: `${partitionUri}/operations/${verb}-storage-group`,
    body: { 'storage-group-uri': groupUri },
    answer: noContent,
  } as const;
  try {
    await requester.call(call, w);
  } catch (error) {
    if (!mayMeanDone(error)) throw error;
    if (!(await isAsWanted(requester, change, w))) throw error;
  }
}

/**
 * Excludes 409.1 (status of the partition) and 403 (permission): they do not mean that the attachment is as requested.
 */
function mayMeanDone(error: unknown): boolean {
  if (!(error instanceof HmcHttpError)) return false;
  return error.status === 400 || error.status === 404 || (error.status === 409 && error.reason !== 1);
}

async function isAsWanted(
  requester: Requester,
  { verb, partitionUri, groupUri }: GroupAttachment,
  w: Waiting,
): Promise<boolean> {
  const reading = {
    operation: 'Get Partition Properties',
    what: `get the storage groups of partition ${partitionUri}`,
    uri: partitionUri,
    resource: 'partition',
    properties: ['storage-group-uris'],
    answer: readSome(partitionFields, ['storage-group-uris']),
  };
  try {
    const { storageGroupUris } = await readOne(requester, reading, w);
    return storageGroupUris.includes(groupUri) === (verb === 'attach');
  } catch (error) {
    // A deleted partition has no attachments.
    if (error instanceof HmcHttpError && error.status === 404) return verb === 'detach';
    throw error;
  }
}
