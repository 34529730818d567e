import { ConflictError, InternalError, NotFoundError } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import { CinderSchemaError, isGone } from './errors.ts';
import { backOut, beginDetaching, explainRefusal, isRefusedOutright, removeForCertain } from './flow-support.ts';
import type { LegacyConnections } from './legacy-connections.ts';
import type {
  AttachmentFilter,
  CinderClient,
  CompleteRequest,
  ConnectionInfo,
  Connector,
  OnRemoved,
  Reservation,
  ReserveRequest,
  VolumeConnections,
} from './types.ts';

/** Statuses in which Cinder reserves: in-use only for a multiattach volume. Source: cinder api/v3/attachments.py. */
export const attachableStatuses: readonly string[] = ['available', 'downloading'];

/**
 * ```
 * reserve   POST   /attachments              volume reserved
 * connect   PUT    /attachments/{id}         volume attaching, masked
 * complete  POST   /attachments/{id}/action  volume in-use
 * release   DELETE /attachments/{id}         unmasked, volume available
 * ```
 */
export class AttachmentConnections implements VolumeConnections {
  readonly kind = 'attachments';
  readonly #cinder: CinderClient;
  readonly #legacy: LegacyConnections;
  readonly #log: Logger;

  constructor(cinder: CinderClient, legacy: LegacyConnections, log: Logger) {
    this.#cinder = cinder;
    this.#legacy = legacy;
    this.#log = log;
  }

  async reserve({ volumeId, instanceUuid, mode }: ReserveRequest, w: Waiting): Promise<Reservation> {
    try {
      const attachment = await this.#cinder.attachments.create({ volumeId, instanceUuid, mode }, w);
      return { volumeId, attachmentId: attachment.id, ...(instanceUuid === undefined ? {} : { instanceUuid }) };
    } catch (error) {
      throw await explainRefusal(this.#cinder, error, { what: 'reserve', volumeId, expected: attachableStatuses }, w);
    }
  }

  async connect(
    reservation: Reservation,
    connector: Connector,
    w: Waiting,
    onRemoved?: OnRemoved,
  ): Promise<ConnectionInfo> {
    const id = attachmentOf(reservation);
    try {
      const { connectionInfo } = await this.#cinder.attachments.update(id, connector, w);
      if (connectionInfo !== undefined) return connectionInfo;
      throw new CinderSchemaError(`update attachment ${id}: the answer has no connection_info`, { attachmentId: id });
    } catch (error) {
      if (isGone(error)) {
        throw new NotFoundError(
          `attachment ${id} of volume ${reservation.volumeId} does not exist`,
          {},
          { cause: error },
        );
      }
      if (await this.#takeBack(id, reservation, connector, error, w)) onRemoved?.();
      throw error;
    }
  }

  /** Right after a connection failed. Whatever fails here is tried again by the release that follows. */
  async #takeBack(
    id: string,
    { volumeId }: Reservation,
    connector: Connector,
    error: unknown,
    w: Waiting,
  ): Promise<boolean> {
    if (isRefusedOutright(error)) return false;
    const hasNoConnector = await this.#hasNoConnector(id, w).catch(() => false);
    return hasNoConnector && (await backOut(this.#cinder, volumeId, connector, error, this.#log, w));
  }

  /**
   * Deleting an attachment that never got its connector does not ask the array: what it masked would stay. Once it has
   * one, deleting it does; asked a second time, the array may fail.
   */
  async #hasNoConnector(id: string, w: Waiting): Promise<boolean> {
    return (await this.#cinder.attachments.find(id, w))?.status === 'reserved';
  }

  async complete(reservation: Reservation, _request: CompleteRequest, w: Waiting): Promise<Reservation> {
    const id = attachmentOf(reservation);
    await this.#cinder.attachments.complete(id, w);
    const { status, volumeId } = await this.#cinder.attachments.show(id, w);
    if (status === 'attached') return reservation;
    // Such a volume could not be detached again: Cinder begins only from in-use.
    throw new ConflictError(`complete attachment ${id}: it stays in status "${status}"`, {
      attachmentId: id,
      volumeId,
    });
  }

  async release(
    reservation: Reservation,
    connector: Connector | undefined,
    w: Waiting,
    onRemoved?: OnRemoved,
  ): Promise<void> {
    const { attachmentId: id, connection, volumeId } = reservation;
    // Made by the legacy volume actions, which later servers still accept. Deleting such an attachment would
    // not ask the array, for it has no connector: the mask would stay.
    if (id === null || connection === 'legacy') {
      await this.#legacy.release(reservation, connector, w, onRemoved);
      return;
    }
    const { attachments } = this.#cinder;
    const remove = async () => {
      await attachments.delete(id, w);
    };
    if (connector === undefined || connection === 'removed') {
      await remove();
      return;
    }
    const connect = async () => await attachments.update(id, connector, w);
    // Nobody knows how the connection ended. The record and the WWPNs are given up next, so the mask has to be gone first.
    if (connection === 'attachments' && (await this.#hasNoConnector(id, w))) {
      const unmask = async () => {
        await this.#cinder.actions.terminateConnection(volumeId, connector, w);
      };
      await removeForCertain({ volumeId, connector, remove: unmask, connect }, this.#log, w);
      onRemoved?.();
    }
    await removeForCertain({ volumeId, connector, remove, connect }, this.#log, w);
  }

  async beginDetaching(volumeId: string, w: Waiting): Promise<void> {
    await beginDetaching(this.#cinder, volumeId, w);
  }

  async rollDetaching(volumeId: string, w: Waiting): Promise<void> {
    await this.#cinder.actions.rollDetaching(volumeId, w);
  }

  async findReservations(filter: AttachmentFilter, w: Waiting): Promise<readonly Reservation[]> {
    const attachments = await this.#cinder.attachments.list(filter, w);
    return attachments.map(({ id, volumeId, instanceUuid }) => ({
      volumeId,
      attachmentId: id,
      ...(instanceUuid === undefined ? {} : { instanceUuid }),
    }));
  }
}

function attachmentOf({ volumeId, attachmentId }: Reservation): string {
  if (attachmentId !== null) return attachmentId;
  throw new InternalError(`the reservation of volume ${volumeId} has no attachment; it was made in the flow of old`);
}
