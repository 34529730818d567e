import { ConflictError, describeError } from '../../base/index.ts';
import type { Logger } from '../../base/index.ts';
import type { FlowSummary, Journal } from '../journal/index.ts';
import { isSamePlace, localVolumeInputSchema } from './records.ts';
import type { LocalVolumeInput, Place } from './records.ts';

/** What a flow of these was asked for; undefined where its journal does not say so legibly. */
export async function inputOf(
  journal: Journal,
  { id }: Pick<FlowSummary, 'id'>,
): Promise<LocalVolumeInput | undefined> {
  const [started] = await journal.read(id);
  const input = started?.kind === 'flow-started' ? localVolumeInputSchema.safeParse(started.input) : undefined;
  return input?.success === true ? input.data : undefined;
}

/** What a process owns that works on volumes of this host. */
export const ownerOfHost = 'this host';

/** What a process owns that works on volumes of a place: they share its ports, which the first makes and the last removes. */
export function ownerOf(place: { readonly partition?: string | undefined }): string {
  return place.partition === undefined ? ownerOfHost : `partition ${place.partition}`;
}

/** @throws ConflictError when a flow on the volume has not ended: what it left comes first */
export async function requireNoOpenFlow(journal: Journal, volumeId: string, advice = ''): Promise<void> {
  const [flow] = await journal.list({ open: true, subject: volumeId });
  if (flow === undefined) return;
  const text = `flow ${flow.id} (${flow.flow}) on volume ${volumeId} is ${flow.state}: dpm flow resume ${flow.id} first`;
  throw new ConflictError(`${text}${advice}`, { flowId: flow.id });
}

/**
 * The flows that a forced detach takes the place of: stuck or waiting ones on this volume in this place. What they could not bring
 * to an end, because a device is lost for one, it takes away.
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

/** Only tidiness: an end that cannot be written leaves a flow for `dpm flow resume`, which finds nothing to do. */
export async function closeSuperseded(journal: Journal, flows: readonly FlowSummary[], log: Logger): Promise<void> {
  const error = 'superseded: the volume was detached by force';
  for (const { id } of flows) {
    try {
      await journal.append(id, { kind: 'flow-ended', outcome: 'rolled-back', error });
    } catch (thrown) {
      log.warn({ event: 'journal.write', flowId: id, error: describeError(thrown) }, 'flow not closed');
    }
  }
}
