import { ConflictError, NotFoundError } from '../base/index.ts';
import type { RequestContext } from '../virt/index.ts';
import { withFault } from './faults.ts';
import { addVolumeFlow, removeVolumeFlow } from './flows/volume.ts';
import type { BlockDevice, InstanceRecord } from './instances.ts';
import { runServerFlow } from './manager-flows.ts';
import type { ManagerParts } from './manager-parts.ts';
import { deviceNameAfter, requireNotBoot, requireIdle, requireVolume } from './requests.ts';
import { toBlockDeviceInfo, toDriverInstance } from './services.ts';

/** Attaches a volume to a server. @param volume - name or ID */
export async function addVolume(
  parts: ManagerParts,
  instance: InstanceRecord,
  { volume, mode }: { readonly volume: string; readonly mode: 'rw' | 'ro' },
  context: RequestContext,
): Promise<void> {
  const { store, cinder } = parts;
  requireIdle(instance, 'attach a volume to');
  const { id: volumeId, name: volumeName, sizeGib } = await requireVolume(cinder, volume, context);
  const devices = store.devices(instance.uuid);
  if (devices.some((device) => device.volumeId === volumeId)) {
    throw new ConflictError(`volume "${volume}" is attached to server "${instance.name}" already`, { volume });
  }
  await requireNoDoubt(parts, instance, context);
  const named = { volumeId, volumeName: volumeName === '' ? null : volumeName };
  const input = { ...subjectOf(instance), ...named, sizeGib, deviceName: deviceNameAfter(devices), mode };
  await withFault(store, instance, context, () =>
    runServerFlow(parts, addVolumeFlow, input, `attach volume "${volume}" to`, context),
  );
}

/** Which volume to detach. */
export interface VolumeToRemove {
  /** Name or ID. */
  readonly volume: string;
  /**
   * The IDs of the volumes that were attached when the command began. If given, a volume that is not among them is an error.
   * A volume that is among them may be detached meanwhile: the command first resumes the flow of a dead process.
   */
  readonly attached?: readonly string[] | undefined;
}

/**
 * Detaches a volume from a server.
 *
 * @throws NotFoundError when the volume does not exist, or is not attached although it has to be
 */
export async function removeVolume(
  parts: ManagerParts,
  instance: InstanceRecord,
  { volume, attached }: VolumeToRemove,
  context: RequestContext,
): Promise<void> {
  const { volumeId: id, device } = await findDevice(parts, instance, volume, context);
  if (device === undefined && attached?.includes(id) === false) {
    const text = `volume "${volume}" is not attached to server "${instance.name}"`;
    throw new NotFoundError(text, { volume: id, server: instance.uuid });
  }
  if (device === undefined) return;
  requireIdle(instance, 'detach a volume from');
  requireNotBoot(instance, device);
  await requireNoDoubt(parts, instance, context);
  const { volumeId, volumeName, sizeGib, deviceName, mode } = device;
  const input = { ...subjectOf(instance), volumeId, volumeName, sizeGib, deviceName, mode };
  await withFault(parts.store, instance, context, () =>
    runServerFlow(parts, removeVolumeFlow, input, `detach volume "${volume}" from`, context),
  );
}

/** @throws PartitionInDoubtError before anything is changed */
async function requireNoDoubt(
  { driver, store }: ManagerParts,
  instance: InstanceRecord,
  context: RequestContext,
): Promise<void> {
  const info = toBlockDeviceInfo(store.devices(instance.uuid));
  const location = await driver.locateGuest?.(context, toDriverInstance(instance), info);
  if (location?.kind === 'in-doubt') throw location.error;
}

/** Finds a volume by name or ID, and its place in the server. @throws NotFoundError when there is no such volume */
export async function findDevice(
  { store, cinder }: ManagerParts,
  instance: InstanceRecord,
  volume: string,
  context: RequestContext,
): Promise<{ readonly volumeId: string; readonly device: BlockDevice | undefined }> {
  const devices = store.devices(instance.uuid);
  const deviceOf = (id: string) => devices.find(({ volumeId }) => volumeId === id);
  const volumeId = deviceOf(volume)?.volumeId ?? (await requireVolume(cinder, volume, context)).id;
  return { volumeId, device: deviceOf(volumeId) };
}

function subjectOf({ uuid, name }: InstanceRecord) {
  return { instanceUuid: uuid, name };
}
