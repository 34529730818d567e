import { ConflictError, NothingChangedError, toError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { isCinderError, VolumeStateError } from './errors.ts';
import { isRefusedOutright, isUncertain } from './flow-support.ts';
import type {
  AttachMode,
  CinderClient,
  CompleteRequest,
  ConnectionInfo,
  Connector,
  Reservation,
  VolumeConnections,
} from './types.ts';

/** What somebody's record says of a volume that he has, or is about to get. */
export interface VolumeClaim {
  readonly volumeId: string;
  readonly mode: AttachMode;
  /** What Cinder knows of it; null before it is reserved. */
  readonly reservation: Reservation | null;
  /** The connector it was mapped with: detach uses this one, never a fresh guess. */
  readonly connector: Connector | null;
  readonly connectionInfo: ConnectionInfo | null;
}

type ClaimChange = Partial<Pick<VolumeClaim, 'reservation' | 'connector' | 'connectionInfo'>>;

/** Writes a change of the claim down, durably. */
export type SaveClaim = (change: ClaimChange) => void;

/**
 * Cinder's side of claims: reserve, map, complete, release. Each intent is written down before its effect, so that what
 * a dead process had begun is found again.
 */
export class VolumeClaims {
  readonly #cinder: CinderClient;
  readonly #connections: (w: Waiting) => Promise<VolumeConnections>;

  constructor(cinder: CinderClient, connections: (w: Waiting) => Promise<VolumeConnections>) {
    this.#cinder = cinder;
    this.#connections = connections;
  }

  /** Before: an available volume. After: nobody else gets it. */
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
      // Cinder said no: the volume is somebody else's, and nothing of it is ours to release.
      const isRefusal = isCinderError(error, 400, 403, 404, 409, 413) || error instanceof VolumeStateError;
      if (isRefusal) save({ reservation: null });
      throw error;
    }
  }

  /** Before: reserved. After: the array has masked the volume to the connector's ports, and the record knows how. */
  async map(claim: VolumeClaim, connector: Connector, save: SaveClaim, w: Waiting): Promise<void> {
    const connections = await this.#connections(w);
    const wasConnected = claim.connector !== null && requireReservation(claim).connection !== 'removed';
    save({ connector });
    await this.#connect(connections, { ...claim, connector }, wasConnected, save, w);
  }

  /** Before: mapped. After: Cinder says in-use. */
  async complete(claim: VolumeClaim, request: CompleteRequest, save: SaveClaim, w: Waiting): Promise<void> {
    const connections = await this.#connections(w);
    const reservation = await connections.complete(requireReservation(claim), request, w);
    save({ reservation: { ...reservation, isDetaching: false } });
  }

  /**
   * Before: in-use. After: detaching, so that nobody else begins. Cinder does not tell who has asked for that: the record does.
   *
   * @throws NothingChangedError when it was not asked for, or is refused
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
      if (isUncertain(error)) throw error;
      note(false);
      unchanged(error);
    }
  }

  /** Back to before {@link beginDetaching}; the detaching of another party goes on. */
  async rollDetaching({ volumeId, reservation }: VolumeClaim, save: SaveClaim, w: Waiting): Promise<void> {
    if (reservation?.isDetaching === false) return;
    const connections = await this.#connections(w);
    await connections.rollDetaching(volumeId, w);
    if (reservation !== null) save({ reservation: { ...reservation, isDetaching: false } });
  }

  /** Back to before {@link reserve}, from any point. */
  async release({ reservation, connector }: VolumeClaim, save: SaveClaim, w: Waiting): Promise<void> {
    if (reservation === null) return;
    const connections = await this.#connections(w);
    const onRemoved = () => {
      save({ reservation: { ...reservation, connection: 'removed' } });
    };
    for (const ours of await this.#whatIsOurs(reservation, w))
      await connections.release({ ...ours, connection: reservation.connection }, connector ?? undefined, w, onRemoved);
    save({ reservation: null, connector: null, connectionInfo: null });
  }

  /**
   * Makes a mapping whole again whose release failed half-way: the array may have unmasked the volume while Cinder still
   * counts it as attached. Drivers have to bear a repeated connection (cinder volume/manager.py).
   */
  async restore(claim: VolumeClaim, request: CompleteRequest, save: SaveClaim, w: Waiting): Promise<void> {
    const { connector } = claim;
    if (connector === null) return; // it was never mapped
    const connections = await this.#connections(w);
    await this.#connect(connections, { ...claim, connector }, true, save, w);
    // An update after completion puts the volume back to attaching (seen with Cinder 21.3.1).
    if (connections.kind !== 'attachments') return;
    const reservation = { ...requireReservation(claim), connection: undefined };
    await this.complete({ ...claim, reservation }, request, save, w);
  }

  /** Does Cinder still have the volume attached for this claim? */
  async isAttached({ volumeId, reservation }: VolumeClaim, w: Waiting): Promise<boolean> {
    const connections = await this.#connections(w);
    const found = await connections.findReservations({ volumeId }, w);
    return found.some(({ attachmentId }) => attachmentId === reservation?.attachmentId);
  }

  /**
   * Has everything of the claim been given back, as far as Cinder and the record can tell? In the legacy flow Cinder shows
   * only attachments. When a person removed one by hand, the array may still have the connection.
   */
  async isReleased(claim: VolumeClaim, w: Waiting): Promise<boolean> {
    const { reservation, connector } = claim;
    if (reservation === null) return true;
    if (await this.isAttached(claim, w)) return false;
    const unknown = connector === null ? 'removed' : (await this.#connections(w)).kind;
    return (reservation.connection ?? unknown) !== 'legacy';
  }

  /** From now on the array may have the connection, until it is known not to. */
  async #connect(
    connections: VolumeConnections,
    claim: VolumeClaim & { readonly connector: Connector },
    wasConnected: boolean,
    save: SaveClaim,
    w: Waiting,
  ): Promise<void> {
    const reservation: Reservation = { ...requireReservation(claim), connection: connections.kind };
    const onRemoved = () => {
      save({ reservation: { ...reservation, connection: 'removed' } });
    };
    save({ reservation });
    try {
      const connectionInfo = await connections.connect(reservation, claim.connector, w, onRemoved);
      const isNoted = connections.kind === 'attachments';
      save({ connectionInfo, ...(isNoted ? { reservation: { ...reservation, connection: undefined } } : {}) });
    } catch (error) {
      if (!wasConnected && isRefusedOutright(error)) onRemoved();
      throw error;
    }
  }

  /**
   * A reservation whose answer never came has no attachment id yet. Where instances are named in Cinder, the name tells
   * ours. Elsewhere it is the one reservation that nobody has connected, on a volume that was available a moment before
   * we asked: see docs/decisions.
   */
  async #whatIsOurs(intent: Reservation, w: Waiting): Promise<readonly Reservation[]> {
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
