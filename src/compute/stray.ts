import { ConflictError } from '../base/index.ts';
import type { RequestContext } from '../virt/index.ts';
import type { ManagerServices } from './services.ts';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Finds a guest of this host, or its storage, whose instance is not in the state directory: the directory may have been lost.
 *
 * @returns the name on the platform
 * @throws ConflictError when Cinder cannot tell which volumes belong to the instance: deleting it would release WWPNs that the
 * volumes are still masked to, and the next owner of these WWPNs would get the disks
 */
export async function findStray(
  { driver, namesInstances }: Pick<ManagerServices, 'driver' | 'namesInstances'>,
  instanceUuid: string,
  context: RequestContext,
): Promise<string | undefined> {
  if (!uuid.test(instanceUuid)) return undefined; // a name, which the platform does not know
  const guests = await driver.listGuests(context, { all: false });
  const matches = (one: { readonly instanceUuid: string | null }) => one.instanceUuid === instanceUuid;
  const name = (guests.find(matches) ?? (await driver.listStrayStorage?.(context, new Set()))?.find(matches))?.name;
  if (name === undefined || namesInstances) return name;
  throw new ConflictError(
    `delete "${name}": the state directory has no record of it, and without a service user Cinder does not tell which volumes it has; have them detached in Cinder, then delete the partition on the HMC`,
    { server: instanceUuid },
  );
}
