import { z } from 'zod';
import { parseForeignJson } from '../../base/index.ts';
import { readConnectionInfo } from '../connection-info.ts';
import type { Attachment, AttachMode, CreateAttachment } from '../types.ts';
import { identifier, jsonRecord } from './parse.ts';

const modes: Readonly<Record<string, AttachMode>> = { rw: 'rw', ro: 'ro' };

/** A summary or the detail of an attachment. `attach_mode` may be the text "null". Source: cinder api/v3/attachments.py. */
const shape = z.looseObject({
  id: identifier,
  status: z.string(),
  instance: z.string().nullish(),
  volume_id: identifier,
  attach_mode: z.string().nullish(),
  connection_info: jsonRecord.nullish(),
});

/** Adds the other fields of the attachment to connection_info beside `data`, as Nova does. */
const attachment = jsonRecord.transform((wire, context): Attachment => {
  const parsed = shape.safeParse(wire);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: wire } as z.core.$ZodRawIssue); // same kind, with its input
    return z.NEVER;
  }
  const { id, status, instance, volume_id: volumeId, attach_mode: mode, connection_info: info } = parsed.data;
  const { id: _id, connection_info: _info, ...facts } = wire;
  const connectionInfo = Object.keys(info ?? {}).length === 0 ? undefined : readConnectionInfo(info, facts);
  return { id, volumeId, status, instanceUuid: instance ?? undefined, mode: modes[mode ?? ''], connectionInfo };
});

export const attachmentAnswer = z.looseObject({ attachment });
export const attachmentPage = z.looseObject({ attachments: z.array(attachment) });

/** The response to `os-initialize_connection`. */
export const connectionAnswer = z.looseObject({
  connection_info: z.unknown().transform((info) => readConnectionInfo(info)),
});

/** Returns the body of `POST /attachments`. `instance_uuid` and `mode` may be absent, but not null. */
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

/** Returns whether the response to a deletion, which lists the remaining attachments, confirms the deletion. */
export function saysWithout(text: string, id: string): boolean {
  try {
    return left.parse(parseForeignJson(text)).attachments.every((one) => one.id !== id);
  } catch {
    return false; // the response has another form
  }
}
