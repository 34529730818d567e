import { ApiFault, GENERIC_500 } from './api-fault.ts';
import type { ApiRequest, NovaAnswer } from './service.ts';
import type { AttachmentRecord } from './state.ts';

/**
 * Who may take an attachment away: since CVE-2023-2088 not a user whose server Nova says uses it.
 *
 * Applied by attachment delete, os-detach, os-terminate_connection and os-force_detach
 * (cinder/volume/api.py API.attachment_deletion_allowed).
 * @param asked - the attachment named by the request, `unknown` for an id that does not exist, undefined when none was named
 * @param all - all attachments of the volume
 * @throws {@link ApiFault} 409 when Nova uses it or when it is unclear which is meant, 500 without a Nova to ask, 503 when it is down
 */
export function checkDeletionAllowed(
  api: ApiRequest,
  nova: NovaAnswer,
  asked: AttachmentRecord | 'unknown' | undefined,
  all: readonly AttachmentRecord[],
): void {
  if (api.isService) return;
  if (asked === 'unknown' || (asked === undefined && all.length > 1)) throw usedByNova('');
  const attachment = asked ?? all[0];
  if (!attachment?.instance || !isConnected(attachment)) return;
  if (nova === 'absent') throw new ApiFault(500, GENERIC_500);
  if (nova === 'down')
    throw new ApiFault(503, 'The server is currently unavailable. Please try again at a later time.');
  if (nova === 'uses') throw usedByNova(attachment.instance);
}

function isConnected({ connectionInfo }: AttachmentRecord): boolean {
  return connectionInfo !== null && Object.keys(connectionInfo).length > 0;
}

function usedByNova(instance: string): ApiFault {
  return new ApiFault(
    409,
    `ConflictNovaUsingAttachment: Detach volume from instance ${instance} using the Compute API`,
  );
}
