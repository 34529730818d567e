import { ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { ConnectionInfo, Connector, Volume } from '../../cinder-client/index.ts';
import { describePlace } from './records.ts';
import type { KeptDeviceInfo, LocalVolume, LocalVolumeInput, Place } from './records.ts';
import type { LocalFlowDeps } from './steps.ts';

interface Adoption {
  readonly volume: Volume;
  readonly place: Place;
  readonly request: {
    readonly attachmentId?: string | undefined;
    readonly deviceInfo?: KeptDeviceInfo | undefined;
    readonly multipath: boolean;
    readonly enforceMultipath: boolean;
  };
  readonly deps: LocalFlowDeps;
}

/**
 * Creates the record of a volume that other software (os-brick, for example) attached, or whose record was lost. The
 * volume can then be detached like any other.
 *
 * @returns undefined when the volume is not attached
 * @throws ConflictError when it is attached, but the request names no attachment, or one to another place
 */
export async function adopt(adoption: Adoption, w: Waiting): Promise<LocalVolume | undefined> {
  const { volume, place, request, deps } = adoption;
  const reservations = await (await deps.connections(w)).findReservations({ volumeId: volume.id }, w);
  const { attachmentId } = request;
  if (attachmentId === undefined) {
    if (reservations.length === 0) return undefined;
    throw notByUs(volume, place, reservations);
  }
  const ours = reservations.find((reservation) => reservation.attachmentId === attachmentId);
  if (ours === undefined) return undefined;
  if (ours.instanceUuid !== undefined) {
    const advice = 'only its compute manager may detach it (dpm server remove volume)';
    throw new ConflictError(`attachment ${attachmentId} belongs to instance ${ours.instanceUuid}: ${advice}`, {});
  }
  const input = inputOf(adoption);
  deps.store.add({ ...input, reservation: ours, isAttached: true, deviceInfo: request.deviceInfo ?? null });
  try {
    const connector = await deps.placeOf(place).connector(deps.store.get(input), w);
    const connectionInfo = await connectionOf(adoption, attachmentId, connector, w);
    if (connectionInfo !== null) requireHere(connectionInfo, connector, adoption);
    deps.store.update(input, { connector, connectionInfo });
  } catch (error) {
    deps.store.delete(input);
    throw error;
  }
  return deps.store.get(input);
}

function inputOf({ volume, place, request }: Adoption): LocalVolumeInput {
  const { id: volumeId, name, sizeGib } = volume;
  const { multipath, enforceMultipath } = request;
  const known = { volumeId, name: name || volumeId, sizeGib, place, multipath, enforceMultipath };
  return { ...known, mode: 'rw', mountpoint: null };
}

/** Legacy volume actions do not store it, so it is requested again. Source: python-brick-cinderclient-ext. */
async function connectionOf(
  { volume, deps }: Adoption,
  attachmentId: string,
  connector: Connector,
  w: Waiting,
): Promise<ConnectionInfo | null> {
  if ((await deps.connections(w)).kind === 'legacy') {
    return await deps.cinder.actions.initializeConnection(volume.id, connector, w);
  }
  return (await deps.cinder.attachments.show(attachmentId, w)).connectionInfo ?? null;
}

/** If Cinder names the ports that the volume is mapped to, one of them must be here; else another host has the volume. */
function requireHere({ data }: ConnectionInfo, { wwpns }: Connector, { volume, place, request }: Adoption): void {
  const map = data.initiator_target_map;
  const mapped = typeof map === 'object' && map !== null ? Object.keys(map).map(plainWwpn) : [];
  if (mapped.length === 0 || wwpns.some((wwpn) => mapped.includes(plainWwpn(wwpn)))) return;
  const text = `attachment ${request.attachmentId} of volume "${volume.name}" is for ${mapped.join(', ')}`;
  throw new ConflictError(`${text}: none of these is a port of ${describePlace(place)}`, { mapped });
}

function plainWwpn(wwpn: string): string {
  return wwpn.toLowerCase().replace(/^0x/, '').replaceAll(':', '');
}

function notByUs(
  { id, name }: Volume,
  place: Place,
  reservations: readonly { readonly attachmentId: string | null }[],
): ConflictError {
  const ids = reservations.map(({ attachmentId }) => attachmentId ?? '(reserved)');
  const text = `volume "${name}" was not attached to ${describePlace(place)} by this program, but is attached`;
  return new ConflictError(`${text}: name the attachment with --attachment-id (${ids.join(', ')})`, { volumeId: id });
}
