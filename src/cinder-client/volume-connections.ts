import type { Logger, Waiting } from '../base/index.ts';
import { silentLogger } from '../base/index.ts';
import { AttachmentConnections } from './attachment-connections.ts';
import { LegacyConnections } from './legacy-connections.ts';
import type { CinderClient, VolumeConnections } from './types.ts';

/**
 * The attach flow that this server speaks: attachments from 3.44 on, the volume actions of old before.
 *
 * @public
 */
export async function volumeConnections(
  cinder: CinderClient,
  w: Waiting,
  log: Logger = silentLogger,
): Promise<VolumeConnections> {
  const { hasAttachments } = await cinder.level(w);
  const legacy = new LegacyConnections(cinder, log);
  return hasAttachments ? new AttachmentConnections(cinder, legacy, log) : legacy;
}
