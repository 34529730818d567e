import { ConflictError } from '../../base/index.ts';
import type { FlowSummary, Journal } from '../journal/index.ts';
import { isSamePlace, localVolumeInputSchema } from './records.ts';
import type { LocalVolumeInput, Place } from './records.ts';

/** Returns the input of a flow of this folder; undefined if the journal holds none that is valid. */
export async function inputOf(journal: Journal, { id }: FlowSummary): Promise<LocalVolumeInput | undefined> {
  const [started] = await journal.read(id);
  return localVolumeInputSchema.safeParse(started?.kind === 'flow-started' ? started.input : undefined).data;
}

/** The subject that a process owns while it works on volumes of this host. */
export const ownerOfHost = 'this host';

/** Returns the subject that a process owns while it works on volumes of a place: the volumes share the ports of the place. */
export function ownerOf(place: { readonly partition?: string | undefined }): string {
  return place.partition === undefined ? ownerOfHost : `partition ${place.partition}`;
}

/** @throws ConflictError when a flow on the volume has not ended: it has to be resumed first */
export async function requireNoOpenFlow(journal: Journal, volumeId: string, advice = ''): Promise<void> {
  const [flow] = await journal.list({ open: true, subject: volumeId });
  if (flow === undefined) return;
  const text = `flow ${flow.id} (${flow.flow}) on volume ${volumeId} is ${flow.state}: dpm flow resume ${flow.id} first`;
  throw new ConflictError(`${text}${advice}`, { flowId: flow.id });
}

/**
 * Returns the flows that a forced detach supersedes: stuck or waiting ones on this volume in this place. The detach removes
 * what they could not finish, for example because a device is lost.
 *
 * @throws ConflictError when another flow on the volume has not ended
 */
export async function findSuperseded(
  journal: Journal,
  volumeId: string,
  place: Place,
): Promise<readonly FlowSummary[]> {
  const open = await journal.list({ open: true, subject: volumeId });
  const stuck: FlowSummary[] = [];
  for (const flow of open.filter(({ state }) => state === 'stuck' || state === 'waiting')) {
    const input = await inputOf(journal, flow);
    if (input !== undefined && isSamePlace(input.place, place)) stuck.push(flow);
  }
  if (stuck.length < open.length) await requireNoOpenFlow(journal, volumeId);
  return stuck;
}
