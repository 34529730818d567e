import type { SimResponse } from '../../server/index.ts';
import { timestamp } from '../clock.ts';
import type { Json } from '../json.ts';
import { paginate } from './listing.ts';
import { ApiFault } from './api-fault.ts';
import type { ApiRequest, CinderService } from './service.ts';
import type { MessageRecord, VolumeRecord } from './state.ts';

/** Messages live for 30 days. Source: cinder message/api.py, message_ttl. */
const LIFETIME_MS = 30 * 24 * 3_600_000;

/** What Cinder says about work that failed after its request was accepted. Source: cinder message/message_field.py. */
export const userMessages = {
  noBackend: {
    eventId: 'VOLUME_VOLUME_001_003',
    text: 'schedule allocate volume:Could not find any available weighted backend.',
  },
  imageNotCopied: {
    eventId: 'VOLUME_VOLUME_005_001',
    text: 'copy image to volume:An unknown error occurred.',
  },
} as const;

/** Records a message about a volume. */
export function addMessage(service: CinderService, volume: VolumeRecord, kind: keyof typeof userMessages): void {
  const { state } = service;
  const { eventId, text } = userMessages[kind];
  const record = { id: state.nextId(), sequence: state.nextSequence(), createdAt: state.now(), eventId, text };
  state.messages.push({ ...record, projectId: volume.projectId, volumeId: volume.id });
}

/** Lists the messages of the project, newest first; from 3.5 with filters. */
export function listMessages(api: ApiRequest, { state }: CinderService): SimResponse {
  const wanted = api.microversion >= FILTERED ? api.query.get('resource_uuid') : null;
  const own = state.messages.filter(
    ({ projectId, volumeId }) => projectId === api.projectId && (wanted === null || wanted === volumeId),
  );
  const { items } = paginate(api, own, {}, (marker) => new ApiFault(404, `Message ${marker} could not be found.`));
  return { status: 200, body: { messages: items.map((message) => messageView(api, message)) } };
}

const FILTERED = 5;

function messageView({ baseUrl, projectId }: ApiRequest, message: MessageRecord): Json {
  const { id, createdAt, eventId, text, volumeId } = message;
  return {
    id,
    event_id: eventId,
    user_message: text,
    message_level: 'ERROR',
    created_at: timestamp(createdAt),
    guaranteed_until: timestamp(createdAt + LIFETIME_MS),
    request_id: null,
    links: [
      { rel: 'self', href: `${baseUrl}/v3/${projectId}/messages/${id}` },
      { rel: 'bookmark', href: `${baseUrl}/${projectId}/messages/${id}` },
    ],
    resource_type: 'VOLUME',
    resource_uuid: volumeId,
  };
}
