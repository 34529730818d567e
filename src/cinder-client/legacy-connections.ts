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
 * @remarks A reservation of this flow names no owner: between `reserve` and `complete`, a volume that is `attaching` is
 * assumed to be ours.
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
      this.log.warn(facts, 'took over the reservation of a request whose answer was lost');
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
      return { volume_id: volumeId, ...info }; // outside `data`, where the attachments API has it
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
      throw new VolumeStateError('attach', volume, ['in-use'], { remark: ', with the attachment just made' });
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
    // The array is not asked to remove what it is known not to have.
    const connected = reservation.connection === 'removed' ? undefined : connector;
    if (volume === undefined) {
      await this.#letGoUnseen(reservation, connector, connected, w);
      return;
    }
    const record = findRecord(volume, { ...reservation, hostName: connector?.host });
    if (record === undefined) {
      if (connected !== undefined) await this.#disconnect(volume, undefined, connected, w, onRemoved);
      await this.#unreserve(volume, w);
      return;
    }
    if (connector === undefined) {
      const what = `release volume ${volume.id}: it is attached, and without the connector its masking would stay`;
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
    // A volume that another party has taken meanwhile must not be presented to our ports again.
    const mayConnect = record !== undefined || ['attaching', 'available'].includes(volume.status);
    await (mayConnect ? this.removeForCertain(volumeId, connector, remove, connect, w) : remove());
    onRemoved?.();
  }

  /** @returns false when the volume is also detached already, because Cinder could only do both in one */
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
      // With several attachments Cinder cannot tell which connection is meant; only an administrator may name it.
      if (!isCinderError(error, 409) || volume.attachments.length < 2) throw error;
      await this.cinder.actions.forceDetach(volume.id, record.attachmentId, connector, w);
      return false;
    }
  }

  /**
   * Releases a volume that Cinder does not show. It may still be masked, and the caller releases a WWPN next, so
   * everything of ours is removed, which changes nothing if the volume is gone.
   */
  async #letGoUnseen(
    { volumeId, attachmentId }: Reservation,
    connector: Connector | undefined,
    connected: Connector | undefined,
    w: Waiting,
  ): Promise<void> {
    if (connected !== undefined) await this.cinder.actions.terminateConnection(volumeId, connected, w);
    if (connector !== undefined) {
      // It may be attached even if the answer with the attachment ID was lost: then ours is the only attachment.
      await this.cinder.actions.detach(volumeId, attachmentId ?? undefined, w);
    }
    try {
      if (attachmentId === null) await this.cinder.actions.unreserve(volumeId, w);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** Cinder may report success and stay in `detaching`, and the caller releases a WWPN next. */
  async #requireDetached(volumeId: string, { attachmentId }: VolumeAttachment, w: Waiting): Promise<void> {
    const volume = await this.cinder.findVolume(volumeId, w);
    if (volume?.attachments.some((record) => record.attachmentId === attachmentId) !== true) return;
    const remark = `, with attachment ${attachmentId} still there`;
    throw new VolumeStateError('detach', volume, ['available'], { remark });
  }

  /** Unreserves a volume that we did not attach. Only `attaching` can be our reservation; other statuses stay. */
  async #unreserve(volume: Volume, w: Waiting): Promise<void> {
    if (volume.status === 'attaching') await this.cinder.actions.unreserve(volume.id, w);
    if (volume.status !== 'error_attaching') return;
    const remark = '; an administrator resets it';
    throw new VolumeStateError('release', volume, ['attaching', 'available'], { remark });
  }
}

/** Finds our attachment by its ID, by its instance, or by the host where Cinder shows one. */
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

/** Finds our attachment right after os-attach, for users from whom Cinder hides the host. */
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
