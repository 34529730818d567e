import { describeError } from '../../base/index.ts';
import type { Logger, Waiting, Wwpn } from '../../base/index.ts';
import type { Attachment, CinderClient, ConnectionInfo, Volume } from '../../cinder-client/index.ts';
import type { FcConnection } from '../index.ts';

/** An attachment in Cinder. */
export interface Claim {
  readonly volumeId: string;
  /** The volume's name in Cinder; undefined if it has none. */
  readonly name: string | undefined;
  readonly attachmentId: string;
  /** Whether it is an attachment to this host. Also true if Cinder shows neither host nor ports. */
  readonly isHere: boolean;
  /** Undefined for another protocol than Fibre Channel, or if the connection_info cannot be read. */
  readonly connection: FcConnection | undefined;
}

interface Here {
  readonly host: string;
  readonly initiators: readonly Wwpn[];
}

interface ClaimSources {
  readonly cinder: CinderClient;
  readonly log: Logger;
  /** @throws ConnectionInfoError */
  readonly read: (info: ConnectionInfo) => FcConnection;
}

/**
 * Reads every attachment in Cinder, with its connection for Fibre Channel. Changes nothing. Returns an empty list if Cinder has
 * no attachments API: it then shows a connection only when it maps the volume.
 */
export async function readClaims(
  { cinder, log, read }: ClaimSources,
  here: Here,
  w: Waiting,
): Promise<readonly Claim[]> {
  if (!(await cinder.level(w)).hasAttachments) return [];
  const [summaries, volumes] = await Promise.all([cinder.attachments.list({}, w), cinder.listVolumes({}, w)]);
  const hosts = hostsOf(volumes);
  const names = new Map(volumes.map((volume) => [volume.id, volume.name]));
  const found = await Promise.all(summaries.map(async ({ id }) => await cinder.attachments.find(id, w)));
  return found.flatMap((attachment) => {
    if (attachment?.connectionInfo === undefined) return [];
    const { id, volumeId } = attachment;
    const connection = connectionOf(attachment, read, log);
    const name = names.get(volumeId);
    return [
      {
        volumeId,
        name: name === '' ? undefined : name,
        attachmentId: id,
        connection,
        isHere: isHere(connection, hosts.get(id), here),
      },
    ];
  });
}

function hostsOf(volumes: readonly Volume[]): ReadonlyMap<string, string> {
  return new Map(
    volumes.flatMap(({ attachments }) =>
      attachments.flatMap(({ attachmentId, hostName }) => (hostName === undefined ? [] : [[attachmentId, hostName]])),
    ),
  );
}

function connectionOf(
  { id, connectionInfo }: Attachment,
  read: ClaimSources['read'],
  log: Logger,
): FcConnection | undefined {
  if (connectionInfo?.driver_volume_type !== 'fibre_channel') return undefined;
  try {
    return read(connectionInfo);
  } catch (error) {
    log.warn({ event: 'paths.attachment', attachment: id, error: describeError(error) }, 'attachment cannot be read');
    return undefined;
  }
}

/**
 * Compares the ports first, and the host name only if there is no match, because Cinder changes host names when it stores them
 * (cinder api/contrib/volume_actions.py).
 */
function isHere(connection: FcConnection | undefined, host: string | undefined, here: Here): boolean {
  const targetsOf = connection?.targetsOf;
  if (targetsOf !== undefined && here.initiators.some((wwpn) => targetsOf.has(wwpn))) return true;
  if (host !== undefined) return host.toLowerCase() === here.host.toLowerCase();
  return targetsOf === undefined;
}
