import { ConflictError, NothingChangedError, toError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { CinderClient } from './client.ts';
import { isCinderError, isRefusedOutright, isUncertain, VolumeStateError } from './errors.ts';
import type {
  AttachMode,
  CompleteRequest,
  ConnectionInfo,
  Connector,
  Reservation,
  VolumeConnections,
} from './types.ts';

/** The record of a volume that is attached, or being attached. */
export interface VolumeClaim {
  readonly volumeId: string;
  readonly mode: AttachMode;
  /** Null before the volume is reserved. */
  readonly reservation: Reservation | null;
  /** The connector that the volume was mapped with. Detach uses it, never a new one. */
  readonly connector: Connector | null;
  readonly connectionInfo: ConnectionInfo | null;
}

/** Stores a change of the claim durably. */
export type SaveClaim = (change: Partial<Pick<VolumeClaim, 'reservation' | 'connector' | 'connectionInfo'>>) => void;

/**
 * Reserves, maps and releases the volumes of claims in Cinder. Records each intent before its effect, so that a later
 * process can recover after a kill.
 */
export class VolumeClaims {
  readonly #cinder: CinderClient;
  readonly #connections: (w: Waiting) => Promise<VolumeConnections>;

  constructor(cinder: CinderClient, connections: (w: Waiting) => Promise<VolumeConnections>) {
    this.#cinder = cinder;
    this.#connections = connections;
  }

  /** Before: the volume is available. After: no other client can reserve it. */
  async reserve(
    { volumeId, mode }: VolumeClaim,
    instanceUuid: string | undefined,
    save: SaveClaim,
    w: Waiting,
  ): Promise<void> {
    save({ reservation: { volumeId, attachmentId: null, instanceUuid } });
    try {
      const connections = await this.#connections(w);
      save({ reservation: await connections.reserve({ volumeId, instanceUuid, mode }, w) });
    } catch (error) {
      // After a refusal there is nothing to release.
      const isRefusal = isCinderError(error, 400, 403, 404, 409, 413) || error instanceof VolumeStateError;
      if (isRefusal) save({ reservation: null });
      throw error;
    }
  }

  /** Before: reserved. After: the volume is masked to the ports of the connector, and the connection is recorded. */
  async map(claim: VolumeClaim, connector: Connector, save: SaveClaim, w: Waiting): Promise<void> {
    const connections = await this.#connections(w);
    const wasConnected = claim.connector !== null && requireReservation(claim).connection !== 'removed';
    save({ connector });
    await this.#connect(connections, { ...claim, connector }, wasConnected, save, w);
  }

  /** Before: mapped. After: in-use in Cinder. */
  async complete(claim: VolumeClaim, request: CompleteRequest, save: SaveClaim, w: Waiting): Promise<void> {
    const connections = await this.#connections(w);
    const reservation = await connections.complete(requireReservation(claim), request, w);
    save({ reservation: { ...reservation, isDetaching: false } });
  }

  /**
   * Before: in-use. After: detaching, so that no other client begins to detach. Records that this program asked for it, because
   * Cinder does not.
   *
   * @throws NothingChangedError when the request was not sent, or Cinder refuses it
   */
  async beginDetaching({ volumeId, reservation }: VolumeClaim, save: SaveClaim, w: Waiting): Promise<void> {
    const note = (isDetaching: boolean) => {
      if (reservation !== null) save({ reservation: { ...reservation, isDetaching } });
    };
    const connections = await this.#connections(w).catch(unchanged);
    const volume = await this.#cinder.findVolume(volumeId, w).catch(unchanged);
    if (volume?.status === 'detaching') {
      if (reservation?.isDetaching === true) return;
      return unchanged(new VolumeStateError('begin detaching', volume, ['in-use']));
    }
    note(true);
    try {
      await connections.beginDetaching(volumeId, w);
    } catch (error) {
      // Cinder may also have received a request that the caller aborted.
      if (isUncertain(error) || w.signal.aborted) throw error;
      note(false);
      unchanged(error);
    }
  }

  /** Undoes {@link beginDetaching}, unless another client began to detach. */
  async rollDetaching({ volumeId, reservation }: VolumeClaim, save: SaveClaim, w: Waiting): Promise<void> {
    if (reservation?.isDetaching === false) return;
    const connections = await this.#connections(w);
    await connections.rollDetaching(volumeId, w);
    if (reservation !== null) save({ reservation: { ...reservation, isDetaching: false } });
  }

  /** Restores the state before {@link reserve}, after any step. */
  async release({ reservation, connector }: VolumeClaim, save: SaveClaim, w: Waiting): Promise<void> {
    if (reservation === null) return;
    const connections = await this.#connections(w);
    const onRemoved = () => save({ reservation: { ...reservation, connection: 'removed' } });
    for (const ours of await this.#ownReservations(reservation, w))
      await connections.release({ ...ours, connection: reservation.connection }, connector ?? undefined, w, onRemoved);
    save({ reservation: null, connector: null, connectionInfo: null });
  }

  /**
   * Restores a mapping after an incomplete release: the array may have unmasked the volume although Cinder still has it
   * as attached. Drivers have to tolerate a repeated connection (cinder volume/manager.py).
   */
  async restore(claim: VolumeClaim, request: CompleteRequest, save: SaveClaim, w: Waiting): Promise<void> {
    const { connector } = claim;
    if (connector === null) return; // never mapped
    const connections = await this.#connections(w);
    await this.#connect(connections, { ...claim, connector }, true, save, w);
    // An update after completion sets the volume to `attaching` (observed with Cinder 21.3.1).
    if (connections.kind !== 'attachments') return;
    const reservation = { ...requireReservation(claim), connection: undefined };
    await this.complete({ ...claim, reservation }, request, save, w);
  }

  /** Returns whether Cinder still has the attachment of this claim. */
  async isAttached({ volumeId, reservation }: VolumeClaim, w: Waiting): Promise<boolean> {
    const connections = await this.#connections(w);
    const found = await connections.findReservations({ volumeId }, w);
    return found.some(({ attachmentId }) => attachmentId === reservation?.attachmentId);
  }

  /**
   * Returns whether the claim is completely released, according to Cinder and the record. In the legacy flow Cinder shows
   * only attachments: if somebody removed an attachment by hand, the array may still have the connection.
   */
  async isReleased(claim: VolumeClaim, w: Waiting): Promise<boolean> {
    const { reservation, connector } = claim;
    if (reservation === null) return true;
    if (await this.isAttached(claim, w)) return false;
    const unknown = connector === null ? 'removed' : (await this.#connections(w)).kind;
    return (reservation.connection ?? unknown) !== 'legacy';
  }

  /** Connects the volume. First records that the array may have the connection. */
  async #connect(
    connections: VolumeConnections,
    claim: VolumeClaim & { readonly connector: Connector },
    wasConnected: boolean,
    save: SaveClaim,
    w: Waiting,
  ): Promise<void> {
    const reservation: Reservation = { ...requireReservation(claim), connection: connections.kind };
    const onRemoved = () => save({ reservation: { ...reservation, connection: 'removed' } });
    save({ reservation });
    try {
      const connectionInfo = await connections.connect(reservation, claim.connector, w, onRemoved);
      const isRecorded = connections.kind === 'attachments';
      save({ connectionInfo, ...(isRecorded ? { reservation: { ...reservation, connection: undefined } } : {}) });
    } catch (error) {
      if (!wasConnected && isRefusedOutright(error)) onRemoved();
      throw error;
    }
  }

  /**
   * Finds the reservation of this claim when its attachment ID is unknown because the response was lost. Finds it by the
   * instance, if it has one. Otherwise it is the only reservation without a connection, since the volume was available just
   * before the request: see docs/decisions.
   */
  async #ownReservations(intent: Reservation, w: Waiting): Promise<readonly Reservation[]> {
    const connections = await this.#connections(w);
    if (intent.attachmentId !== null || connections.kind === 'legacy') return [intent];
    const { volumeId, instanceUuid } = intent;
    const found = await connections.findReservations({ volumeId, instanceUuid }, w);
    if (instanceUuid !== undefined) return found;
    const anonymous = found.filter((reservation) => reservation.instanceUuid === undefined);
    const details = await Promise.all(
      anonymous.map(async (reservation) => ({
        reservation,
        attachment: await this.#cinder.attachments.find(reservation.attachmentId ?? '', w),
      })),
    );
    return details.flatMap(({ reservation, attachment }) =>
      attachment?.status === 'reserved' && attachment.connectionInfo === undefined ? [reservation] : [],
    );
  }
}

function unchanged(error: unknown): never {
  throw new NothingChangedError(toError(error));
}

function requireReservation({ volumeId, reservation }: VolumeClaim): Reservation {
  if (reservation !== null) return reservation;
  throw new ConflictError(`volume ${volumeId} is not reserved`, { volumeId });
}
