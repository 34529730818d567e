import { ConflictError, findError } from '../base/index.ts';
import type { RequestContext } from '../virt/index.ts';
import { serverFails, taskEnds, withFault } from './faults.ts';
import { deleteFlow } from './flows/delete.ts';
import type { InstanceRecord } from './instances.ts';
import { runServerFlow } from './manager-flows.ts';
import type { ManagerParts } from './manager-parts.ts';
import type { ManagerServices } from './services.ts';

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export async function deleteServer(
  parts: ManagerParts,
  instance: InstanceRecord,
  context: RequestContext,
): Promise<void> {
  const { store, partitionRecords } = parts;
  const { uuid, name } = instance;
  store.update(uuid, { taskState: 'deleting' });
  const devices = store.devices(uuid);
  const input = {
    instanceUuid: uuid,
    name,
    volumeIds: devices.filter(({ reservation }) => reservation !== null).map(({ volumeId }) => volumeId),
    doomedVolumeIds: devices.filter((device) => device.deleteOnTermination).map(({ volumeId }) => volumeId),
    wwpns: [...(partitionRecords.find(uuid)?.wwpns ?? [])],
  };
  const work = async () => await runServerFlow(parts, deleteFlow, input, 'delete', context);
  try {
    // A delete that was rolled back leaves the server as it was.
    await withFault(store, instance, context, work, (code) => (code === 'FLOW_ROLLED_BACK' ? taskEnds : serverFails));
  } catch (error) {
    // Nothing was begun: report only the conflict about the owner of the partition.
    const doubt = findError(error, 'FLOW_ROLLED_BACK') && findError(error, 'CONFLICT');
    throw doubt ?? error;
  }
}

/** A server that exists on the platform but not in the state directory. */
interface UnknownServer {
  readonly instanceUuid: string;
  /** The name on the platform. */
  readonly name: string;
}

/** Deletes the guest and the storage of a server that is not in the state directory. */
export async function deleteUnknownServer(
  parts: ManagerParts,
  { instanceUuid, name }: UnknownServer,
  context: RequestContext,
): Promise<void> {
  const input = { instanceUuid, name, volumeIds: [], doomedVolumeIds: [] };
  await runServerFlow(parts, deleteFlow, input, 'delete', context);
}

/**
 * Finds a guest of this host, or its storage, whose instance is not in the state directory: the directory may have been lost.
 *
 * @throws ConflictError when Cinder cannot tell which volumes belong to the instance: deleting it would release WWPNs that the
 * volumes are still masked to, and the next owner of these WWPNs would get the disks
 */
export async function findUnknownServer(
  { driver, namesInstances, served }: Pick<ManagerServices, 'driver' | 'namesInstances' | 'served'>,
  instanceUuid: string,
  context: RequestContext,
): Promise<UnknownServer | undefined> {
  if (!uuidPattern.test(instanceUuid)) return undefined; // a name, which the platform does not know
  if (served.list().some(({ uuid }) => uuid === instanceUuid)) {
    const text = `server ${instanceUuid} belongs to Nova, which uses dpm serve: delete it in OpenStack`;
    throw new ConflictError(text, { server: instanceUuid });
  }
  const guests = await driver.listGuests(context, { all: false });
  const matches = (one: { readonly instanceUuid: string | null }) => one.instanceUuid === instanceUuid;
  const name = (guests.find(matches) ?? (await driver.listStrayStorage?.(context, new Set()))?.find(matches))?.name;
  if (name === undefined) return undefined;
  if (namesInstances) return { instanceUuid, name };
  throw new ConflictError(
    `delete "${name}": the state directory has no record of it, and without a service user Cinder does not tell which volumes it has; have them detached in Cinder, then delete the partition on the HMC`,
    { server: instanceUuid },
  );
}
