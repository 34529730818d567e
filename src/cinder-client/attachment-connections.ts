import { ConflictError, InternalError, NotFoundError, silentLogger } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import type { CinderClient } from './client.ts';
import { Connections } from './connections.ts';
import { CinderSchemaError, isGone, isRefusedOutright } from './errors.ts';
import { LegacyConnections } from './legacy-connections.ts';
import type {
  AttachmentFilter,
  CompleteRequest,
  ConnectionInfo,
  Connector,
  OnRemoved,
  Reservation,
  ReserveRequest,
  VolumeConnections,
} from './types.ts';

/** Returns the attach flow that the server supports: attachments since 3.44, legacy volume actions before. @public */
export async function volumeConnections(
  cinder: CinderClient,
  w: Waiting,
  log: Logger = silentLogger,
): Promise<VolumeConnections> {
  const { hasAttachments } = await cinder.level(w);
  return new (hasAttachments ? AttachmentConnections : LegacyConnections)(cinder, log);
}

/**
 * Statuses of a volume that Cinder reserves. It also reserves an in-use multiattach volume. Source: cinder
 * api/v3/attachments.py.
 */
const attachableStatuses: readonly string[] = ['available', 'downloading'];

/**
 * ```
 * reserve   POST   /attachments              volume reserved
 * connect   PUT    /attachments/{id}         volume attaching, masked
 * complete  POST   /attachments/{id}/action  volume in-use
 * release   DELETE /attachments/{id}         unmasked, volume available
 * ```
 */
class AttachmentConnections extends Connections implements VolumeConnections {
  readonly kind = 'attachments';

  async reserve({ volumeId, instanceUuid, mode }: ReserveRequest, w: Waiting): Promise<Reservation> {
    try {
      const attachment = await this.cinder.attachments.create({ volumeId, instanceUuid, mode }, w);
      return { volumeId, attachmentId: attachment.id, ...(instanceUuid === undefined ? {} : { instanceUuid }) };
    } catch (error) {
      throw await this.explainRefusal(error, 'reserve', volumeId, attachableStatuses, w);
    }
  }

  async connect(
    reservation: Reservation,
    connector: Connector,
    w: Waiting,
    onRemoved?: OnRemoved,
  ): Promise<ConnectionInfo> {
    const { volumeId } = reservation;
    const id = attachmentOf(reservation);
    const connect = async () => {
      const { connectionInfo } = await this.cinder.attachments.update(id, connector, w);
      if (connectionInfo !== undefined) return connectionInfo;
      throw new CinderSchemaError(`update attachment ${id}: the answer has no connection_info`, { attachmentId: id });
    };
    try {
      return await this.connectWithLun(volumeId, connect, w);
    } catch (error) {
      if (isGone(error)) {
        throw new NotFoundError(`attachment ${id} of volume ${volumeId} does not exist`, {}, { cause: error });
      }
      // The caller releases the reservation next, which repeats a step that fails here.
      const isMasked = !isRefusedOutright(error) && (await this.#hasNoConnector(id, w).catch(() => false));
      if (isMasked && (await this.backOut(volumeId, connector, error, w))) onRemoved?.();
      throw error;
    }
  }

  /**
   * Returns whether the attachment has no connector in Cinder. Cinder deletes such an attachment
   * without a call to the array, so the mask would stay. It deletes an attachment with a connector on the array too, where
   * a second removal may fail.
   */
  async #hasNoConnector(id: string, w: Waiting): Promise<boolean> {
    return (await this.cinder.attachments.find(id, w))?.status === 'reserved';
  }

  async complete(reservation: Reservation, _request: CompleteRequest, w: Waiting): Promise<Reservation> {
    const attachmentId = attachmentOf(reservation);
    await this.cinder.attachments.complete(attachmentId, w);
    const { status, volumeId } = await this.cinder.attachments.show(attachmentId, w);
    if (status === 'attached') return reservation;
    // Such a volume could not be detached: Cinder begins to detach only an in-use volume.
    const what = `complete attachment ${attachmentId}: it stays in status "${status}"`;
    throw new ConflictError(what, { attachmentId, volumeId });
  }

  async release(
    reservation: Reservation,
    connector: Connector | undefined,
    w: Waiting,
    onRemoved?: OnRemoved,
  ): Promise<void> {
    const { attachmentId: id, connection, volumeId } = reservation;
    // The legacy volume actions, which newer servers still accept, made this attachment. It has no connector.
    if (id === null || connection === 'legacy') {
      await new LegacyConnections(this.cinder, this.log).release(reservation, connector, w, onRemoved);
      return;
    }
    const { actions, attachments } = this.cinder;
    const remove = () => attachments.delete(id, w);
    if (connector === undefined || connection === 'removed') {
      await remove();
      return;
    }
    const connect = () => attachments.update(id, connector, w);
    // The outcome of the connection is unknown. The record and the WWPNs are released next, so the mask must go first.
    if (connection === 'attachments' && (await this.#hasNoConnector(id, w))) {
      const unmask = () => actions.terminateConnection(volumeId, connector, w);
      await this.removeReliably(volumeId, connector, unmask, connect, w);
      onRemoved?.();
    }
    await this.removeReliably(volumeId, connector, remove, connect, w);
  }

  async findReservations(filter: AttachmentFilter, w: Waiting): Promise<readonly Reservation[]> {
    const attachments = await this.cinder.attachments.list(filter, w);
    return attachments.map(({ id, volumeId, instanceUuid }) => ({
      volumeId,
      attachmentId: id,
      ...(instanceUuid === undefined ? {} : { instanceUuid }),
    }));
  }
}

function attachmentOf({ volumeId, attachmentId }: Reservation): string {
  if (attachmentId !== null) return attachmentId;
  throw new InternalError(`the reservation of volume ${volumeId} has no attachment, because the legacy flow made it`);
}
