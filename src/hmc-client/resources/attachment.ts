import type { Waiting } from '../../base/index.ts';
import { HmcHttpError } from '../errors/index.ts';
import { readOne } from '../read.ts';
import type { Requester } from '../requester.ts';
import { noContent } from '../wire/common.ts';
import { readSome } from '../wire/fields.ts';
import { partitionFields } from '../wire/partition.ts';

/** Attaching or detaching a storage group. */
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
 * Attaches or detaches a storage group, to be in that state afterwards. The reasons with which an HMC refuses to do it a
 * second time are not public, so a refusal is judged by the partition: if the group is as wanted, all is well.
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

/** 409.1 is about the partition's status, and 403 about the user: neither speaks of the attachment. */
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
    // Nothing is attached to a partition that is gone.
    if (error instanceof HmcHttpError && error.status === 404) return verb === 'detach';
    throw error;
  }
}
