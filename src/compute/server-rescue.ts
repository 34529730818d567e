import { ConflictError, failedTo, toError } from '../base/index.ts';
import type { RequestContext } from '../virt/index.ts';
import { taskEnds, withFault } from './faults.ts';
import { rebuildFlow, rescueFlow, rescueIsoFlow, unrescueFlow, unrescueIsoFlow } from './flows/rescue.ts';
import type { BlockDevice, InstanceRecord } from './instances.ts';
import { runServerFlow } from './manager-flows.ts';
import type { ManagerParts } from './manager-parts.ts';
import { findDevice } from './server-volumes.ts';
import { deviceNameAfter, requireFree } from './requests.ts';
import { toBlockDeviceInfo, toDriverInstance } from './services.ts';

/** What a server boots from while it is rescued. @public */
export type RescueFrom =
  | {
      /** Name or ID of a free volume, which is attached for the rescue. */
      readonly volume: string;
    }
  | {
      /** Path of an ISO image on this host. */
      readonly image: string;
      /** Path of the INS file in the image. */
      readonly insFile?: string | undefined;
    };

/** The device name of the volume of a rescue. It shows which volume `unrescue` detaches. */
const RESCUE_DEVICE = '/dev/rescue';

/** Boots a server from another volume or from an ISO image, for a repair. */
export async function rescueServer(
  parts: ManagerParts,
  instance: InstanceRecord,
  from: RescueFrom,
  context: RequestContext,
): Promise<void> {
  requireState(instance, 'rescue', instance.vmState === 'active' || instance.vmState === 'stopped');
  requireOwnVolume(parts, instance, 'rescue');
  if ('image' in from) {
    await run(parts, instance, context, (named) =>
      runServerFlow(parts, rescueIsoFlow, { ...named, image: from.image, insFile: from.insFile }, 'rescue', context),
    );
    return;
  }
  const volume = await newVolume(parts, from.volume, RESCUE_DEVICE, context);
  await run(parts, instance, context, (named) =>
    runServerFlow(parts, rescueFlow, { ...named, ...volume }, 'rescue', context),
  );
}

/** Boots a rescued server from its own volume again. */
export async function unrescueServer(
  parts: ManagerParts,
  instance: InstanceRecord,
  context: RequestContext,
): Promise<void> {
  requireState(instance, 'unrescue', instance.vmState === 'rescued');
  const device = parts.store.devices(instance.uuid).find(({ deviceName }) => deviceName === RESCUE_DEVICE);
  await run(parts, instance, context, (named) =>
    device === undefined
      ? runServerFlow(parts, unrescueIsoFlow, named, 'unrescue', context)
      : runServerFlow(parts, unrescueFlow, { ...named, ...attached(device) }, 'unrescue', context),
  );
}

/** Gives a server a new boot volume, and detaches the old one. The other volumes stay. */
export async function rebuildServer(
  parts: ManagerParts,
  instance: InstanceRecord,
  volume: string,
  context: RequestContext,
): Promise<void> {
  requireState(instance, 'rebuild', instance.vmState === 'active' || instance.vmState === 'stopped');
  const old = requireOwnVolume(parts, instance, 'rebuild');
  const devices = parts.store.devices(instance.uuid);
  const added = await newVolume(parts, volume, deviceNameAfter(devices), context);
  await run(parts, instance, context, (named) =>
    runServerFlow(parts, rebuildFlow, { ...named, ...added, old: { ...named, ...attached(old) } }, 'rebuild', context),
  );
}

/**
 * Takes a dump of a server.
 *
 * @param volume - name or ID of an attached volume with a dump program; undefined for what the guest was configured to do
 */
export async function dumpServer(
  parts: ManagerParts,
  instance: InstanceRecord,
  volume: string | undefined,
  context: RequestContext,
): Promise<void> {
  const { store, driver, actions } = parts;
  if (driver.triggerCrashDump === undefined) throw new ConflictError('this driver cannot take a dump');
  const devices = store.devices(instance.uuid);
  const found = volume === undefined ? undefined : await findDevice(parts, instance, volume, context);
  if (found !== undefined && found.device === undefined) {
    const text = `volume "${volume}" is not attached to server "${instance.name}"`;
    throw new ConflictError(text, { volume: found.volumeId });
  }
  const dump = async () => {
    const [guest, info] = [toDriverInstance(instance), toBlockDeviceInfo(devices)];
    await driver.triggerCrashDump?.(guest, context, info, found?.volumeId).catch((error: unknown) => {
      throw failedTo(`dump server "${instance.name}"`, toError(error));
    });
    const { state } = await driver.getInfo(guest, false, context);
    store.update(instance.uuid, { powerState: state, fault: null });
  };
  const action = {
    server: instance.uuid,
    name: instance.name,
    action: 'trigger_crash_dump',
    requestId: context.requestId,
  };
  await withFault(store, instance, context, () => actions.record(action, dump));
}

async function run(
  { store }: ManagerParts,
  instance: InstanceRecord,
  context: RequestContext,
  flow: (named: { readonly instanceUuid: string; readonly name: string }) => Promise<unknown>,
): Promise<void> {
  const named = { instanceUuid: instance.uuid, name: instance.name };
  await withFault(
    store,
    instance,
    context,
    () => flow(named),
    () => taskEnds,
  );
}

function requireState({ name, uuid, vmState }: InstanceRecord, verb: string, isAllowed: boolean): void {
  if (isAllowed) return;
  throw new ConflictError(`cannot ${verb} server "${name}": it is ${vmState}`, { server: uuid, state: vmState });
}

function requireOwnVolume({ store }: ManagerParts, { name, uuid }: InstanceRecord, verb: string): BlockDevice {
  const own = store.devices(uuid).find(({ bootIndex }) => bootIndex === 0);
  if (own !== undefined) return own;
  throw new ConflictError(`cannot ${verb} server "${name}": it has no boot volume in Cinder`, { server: uuid });
}

async function newVolume({ cinder }: ManagerParts, nameOrId: string, deviceName: string, context: RequestContext) {
  const { id: volumeId, name, sizeGib } = await requireFree(cinder, nameOrId, context);
  return { volumeId, volumeName: name === '' ? null : name, sizeGib, deviceName, mode: 'rw', isBoot: true } as const;
}

function attached({ volumeId, volumeName, sizeGib, deviceName, mode }: BlockDevice) {
  return { volumeId, volumeName, sizeGib, deviceName, mode };
}
