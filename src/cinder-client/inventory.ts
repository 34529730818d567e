import type { Waiting } from '../base/index.ts';
import type { CinderSession } from './session.ts';
import type { VolumeType } from './types.ts';
import { messagePage, volumeTypePage } from './wire/inventory.ts';

/** Lists the volume types that this project may use. */
export async function listVolumeTypes(session: CinderSession, w: Waiting): Promise<readonly VolumeType[]> {
  const call = { what: 'list volume types', kind: 'read', method: 'GET', path: '/types' } as const;
  return (await session.read(call, volumeTypePage, w)).volume_types;
}

/** First microversion whose list of messages can be filtered. Source: cinder rest_api_version_history.rst. */
const FILTERED_MESSAGES = 5;

/** Returns what Cinder says about failed work on a volume, newest first; nothing from a Cinder below 3.5. */
export async function volumeMessages(session: CinderSession, id: string, w: Waiting): Promise<readonly string[]> {
  if ((await session.maximum(w)) < FILTERED_MESSAGES) return [];
  const path = `/messages?resource_uuid=${encodeURIComponent(id)}`;
  const what = `list messages about volume ${id}`;
  const { messages } = await session.read({ what, kind: 'read', method: 'GET', path }, messagePage, w);
  return messages.filter(({ resourceId }) => resourceId === id).map(({ text }) => text);
}
