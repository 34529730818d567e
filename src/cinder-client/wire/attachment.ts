import { z } from 'zod';
import { parseForeignJson } from '../../base/index.ts';
import type { JsonValue } from '../../base/index.ts';
import { readConnectionInfo } from '../connection-info.ts';
import type { Attachment, AttachMode, ConnectionInfo, CreateAttachment } from '../types.ts';
import { identifier, jsonRecord } from './json.ts';

const modes: Readonly<Record<string, AttachMode>> = { rw: 'rw', ro: 'ro' };

/** Summary or detail; `attach_mode` may be the text "null". Source: cinder api/v3/attachments.py. */
const shape = z.looseObject({
  id: identifier,
  status: z.string(),
  instance: z.string().nullish(),
  volume_id: identifier,
  attach_mode: z.string().nullish(),
  connection_info: jsonRecord.nullish(),
});

/** As it came, and as we keep it: connection_info gets the record's other fields beside `data`, as in Nova. */
const attachment = jsonRecord.transform((wire, context): Attachment => {
  const parsed = shape.safeParse(wire);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: wire } as z.core.$ZodRawIssue); // same kind, with its input
    return z.NEVER;
  }
  const { id, status, instance, volume_id: volumeId, attach_mode: mode, connection_info: info } = parsed.data;
  return {
    id,
    volumeId,
    status,
    instanceUuid: instance ?? undefined,
    mode: modes[mode ?? ''],
    connectionInfo: connectionInfoOf(wire, info ?? {}),
  };
});

function connectionInfoOf(
  record: Readonly<Record<string, JsonValue>>,
  info: Readonly<Record<string, JsonValue>>,
): ConnectionInfo | undefined {
  if (Object.keys(info).length === 0) return undefined;
  const { id: _id, connection_info: _info, ...facts } = record;
  return readConnectionInfo(info, facts);
}

export const attachmentAnswer = z.looseObject({ attachment });
export const attachmentPage = z.looseObject({ attachments: z.array(attachment) });

/** Body of `POST /attachments`. `instance_uuid` and `mode` may not be null, so they are left out instead. */
export function attachmentRequest(wanted: CreateAttachment, sendsMode: boolean): unknown {
  return {
    attachment: {
      volume_uuid: wanted.volumeId,
      instance_uuid: wanted.instanceUuid,
      connector: wanted.connector,
      mode: sendsMode ? wanted.mode : undefined,
    },
  };
}

const left = z.looseObject({ attachments: z.array(z.looseObject({ id: z.string() })) });

/** Does the answer to a deletion list what is left on the volume, this attachment not among it? */
export function saysWithout(text: string, id: string): boolean {
  try {
    return left.parse(parseForeignJson(text)).attachments.every((one) => one.id !== id);
  } catch {
    return false; // of another form: it says nothing
  }
}
