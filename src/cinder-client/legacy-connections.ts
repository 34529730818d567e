import { ConflictError, InternalError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { Connections } from './connections.ts';
import { isCinderError, isGone, isUncertain, VolumeStateError } from './errors.ts';
import type {
  AttachmentFilter,
  CompleteRequest,
  ConnectionInfo,
  Connector,
  OnRemoved,
  Reservation,
  ReserveRequest,
  Volume,
  VolumeAttachment,
  VolumeConnections,
} from './types.ts';

/**
 * ```
 * reserve   os-reserve                     volume attaching
 * connect   os-initialize_connection       masked
 * complete  os-attach                      volume in-use, attachment record
 * release   os-terminate_connection        unmasked (and, before os-attach, unreserved)
 *           os-detach | os-unreserve       volume available
 * ```
 *
 * @remarks A reservation of this flow has no owner in Cinder. Between `reserve` and `complete`, this class assumes that an
 * `attaching` volume is reserved by its caller.
 */
export class LegacyConnections extends Connections implements VolumeConnections {
  readonly kind = 'legacy';

  async reserve({ volumeId, instanceUuid }: ReserveRequest, w: Waiting): Promise<Reservation> {
    const reservation = { volumeId, attachmentId: null, ...(instanceUuid === undefined ? {} : { instanceUuid }) };
    try {
      await this.cinder.actions.reserve(volumeId, w);
    } catch (error) {
      if (!isUncertain(error) || (await this.cinder.findVolume(volumeId, w))?.status !== 'attaching') {
        throw await this.explainRefusal(error, 'reserve', volumeId, ['available'], w);
      }
      const facts = { event: 'cinder.reservation.adopted', volumeId };
      this.log.warn(facts, 'adopted the reservation of a request whose response was lost');
    }
    return reservation;
  }

  async connect(
    { volumeId }: Reservation,
    connector: Connector,
    w: Waiting,
    onRemoved?: OnRemoved,
  ): Promise<ConnectionInfo> {
    const connect = () => this.cinder.actions.initializeConnection(volumeId, connector, w);
    try {
      const info = await this.connectWithLun(volumeId, connect, w);
      return { volume_id: volumeId, ...info }; // beside `data`, as in the attachments API
    } catch (error) {
      if (await this.backOut(volumeId, connector, error, w)) onRemoved?.();
      throw error;
    }
  }

  async complete(reservation: Reservation, request: CompleteRequest, w: Waiting): Promise<Reservation> {
    const { volumeId, instanceUuid } = reservation;
    const { mountpoint, mode, hostName } = request;
    const user = instanceUuid === undefined ? { hostName: hostName ?? missingHost(volumeId) } : { instanceUuid };
    await this.cinder.actions.attach(volumeId, { mountpoint, mode, ...user }, w);
    const volume = await this.cinder.getVolume(volumeId, w);
    const record = findRecord(volume, { ...reservation, hostName }) ?? soleRecordAt(volume, mountpoint);
    if (record === undefined) {
      throw new VolumeStateError('attach', volume, ['in-use'], { remark: ', with the new attachment' });
    }
    return { ...reservation, attachmentId: record.attachmentId };
  }

  async release(
    reservation: Reservation,
    connector: Connector | undefined,
    w: Waiting,
    onRemoved?: OnRemoved,
  ): Promise<void> {
    const volume = await this.cinder.findVolume(reservation.volumeId, w);
    // Skips the array if it is known to have removed the connection.
    const connected = reservation.connection === 'removed' ? undefined : connector;
    if (volume === undefined) {
      await this.#releaseMissing(reservation, connector, connected, w);
      return;
    }
    const record = findRecord(volume, { ...reservation, hostName: connector?.host });
    if (record === undefined) {
      if (connected !== undefined) await this.#disconnect(volume, undefined, connected, w, onRemoved);
      await this.#unreserve(volume, w);
      return;
    }
    if (connector === undefined) {
      const what = `release volume ${volume.id}: it is attached, and without its connector the array would keep the mask`;
      throw new ConflictError(what, { volumeId: volume.id, attachmentId: record.attachmentId });
    }
    if (connected !== undefined && !(await this.#disconnectAttached(volume, record, connected, w, onRemoved))) return;
    await this.cinder.actions.detach(volume.id, record.attachmentId, w);
    await this.#requireDetached(volume.id, record, w);
  }

  async findReservations({ volumeId, instanceUuid }: AttachmentFilter, w: Waiting): Promise<readonly Reservation[]> {
    const volumes =
      volumeId === undefined ? await this.cinder.listVolumes({}, w) : [await this.cinder.findVolume(volumeId, w)];
    const attached = volumes.flatMap((volume) => (volume === undefined ? [] : reservationsOf(volume)));
    const wanted = attached.filter((one) => instanceUuid === undefined || one.instanceUuid === instanceUuid);
    const isAnonymous = volumeId !== undefined && volumes[0]?.status === 'attaching';
    return isAnonymous ? [...wanted, { volumeId, attachmentId: null }] : wanted;
  }

  async #disconnect(
    volume: Volume,
    record: VolumeAttachment | undefined,
    connector: Connector,
    w: Waiting,
    onRemoved: OnRemoved | undefined,
  ): Promise<void> {
    const { actions } = this.cinder;
    const { id: volumeId } = volume;
    const remove = () => actions.terminateConnection(volumeId, connector, w);
    const connect = () => actions.initializeConnection(volumeId, connector, w);
    // If another client has reserved the volume in the meantime, it must not be masked to these ports again.
    const mayConnect = record !== undefined || ['attaching', 'available'].includes(volume.status);
    await (mayConnect ? this.removeReliably(volumeId, connector, remove, connect, w) : remove());
    onRemoved?.();
  }

  /** @returns false if the volume is already detached too, because Cinder could only do both in one call */
  async #disconnectAttached(
    volume: Volume,
    record: VolumeAttachment,
    connector: Connector,
    w: Waiting,
    onRemoved: OnRemoved | undefined,
  ): Promise<boolean> {
    try {
      await this.#disconnect(volume, record, connector, w, onRemoved);
      return true;
    } catch (error) {
      // With several attachments Cinder does not know which connection to remove; only an administrator may name one.
      if (!isCinderError(error, 409) || volume.attachments.length < 2) throw error;
      await this.cinder.actions.forceDetach(volume.id, record.attachmentId, connector, w);
      return false;
    }
  }

  /**
   * Releases a volume that Cinder does not show, for example because it belongs to another project. The volume may still be
   * masked, and the caller frees the WWPN next, so this sends every request of a release. They change nothing if the volume
   * does not exist.
   */
  async #releaseMissing(
    { volumeId, attachmentId }: Reservation,
    connector: Connector | undefined,
    connected: Connector | undefined,
    w: Waiting,
  ): Promise<void> {
    if (connected !== undefined) await this.cinder.actions.terminateConnection(volumeId, connected, w);
    if (connector !== undefined) {
      // If the response with the attachment ID was lost, the volume may be attached, and has only this attachment.
      await this.cinder.actions.detach(volumeId, attachmentId ?? undefined, w);
    }
    try {
      if (attachmentId === null) await this.cinder.actions.unreserve(volumeId, w);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** Checks that the volume is detached: Cinder may report success and leave it `detaching`. */
  async #requireDetached(volumeId: string, { attachmentId }: VolumeAttachment, w: Waiting): Promise<void> {
    const volume = await this.cinder.findVolume(volumeId, w);
    if (volume?.attachments.some((record) => record.attachmentId === attachmentId) !== true) return;
    const remark = `, and attachment ${attachmentId} still exists`;
    throw new VolumeStateError('detach', volume, ['available'], { remark });
  }

  /** Unreserves a volume that is not attached. Only `attaching` is a reservation; other statuses are left unchanged. */
  async #unreserve(volume: Volume, w: Waiting): Promise<void> {
    if (volume.status === 'attaching') await this.cinder.actions.unreserve(volume.id, w);
    if (volume.status !== 'error_attaching') return;
    const remark = '; an administrator has to reset its status';
    throw new VolumeStateError('release', volume, ['attaching', 'available'], { remark });
  }
}

/** Finds the attachment of a reservation by its ID, by its instance, or by the host if Cinder shows one. */
function findRecord(
  volume: Volume,
  { attachmentId, instanceUuid, hostName }: Reservation & { readonly hostName?: string | undefined },
): VolumeAttachment | undefined {
  const { attachments } = volume;
  if (attachmentId !== null) return attachments.find((record) => record.attachmentId === attachmentId);
  if (instanceUuid !== undefined) return attachments.find((record) => record.serverId === instanceUuid);
  if (hostName === undefined) return undefined;
  const shown = sanitizeHostName(hostName);
  return attachments.find((record) => record.serverId === undefined && record.hostName === shown);
}

/** Finds the new attachment right after os-attach, for users to whom Cinder does not show the host. */
function soleRecordAt(volume: Volume, mountpoint: string): VolumeAttachment | undefined {
  const records = volume.attachments.filter((record) => record.serverId === undefined && record.device === mountpoint);
  return records.length === 1 ? records[0] : undefined;
}

/** Returns the host name as Cinder stores it in os-attach. Source: cinder api/contrib/volume_actions.py. */
function sanitizeHostName(name: string): string {
  return name
    .replaceAll(/[ _]/g, '-')
    .replaceAll(/[^\w.-]/g, '')
    .toLowerCase()
    .replace(/^[.-]+|[.-]+$/g, '');
}

function reservationsOf(volume: Volume): Reservation[] {
  return volume.attachments.map(({ attachmentId, serverId }) => ({
    volumeId: volume.id,
    attachmentId,
    ...(serverId === undefined ? {} : { instanceUuid: serverId }),
  }));
}

function missingHost(volumeId: string): never {
  throw new InternalError(`complete volume ${volumeId}: neither instance nor host name is given`);
}
