import { ConflictError } from '../base/index.ts';
import type { RequestContext } from '../virt/index.ts';
import type { ManagerServices } from './services.ts';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Looks on the platform for a guest of this host, or storage of one, whose instance the state directory does not know:
 * the directory may have been lost, and what it stood for is still there.
 *
 * @returns its name there
 * @throws ConflictError when Cinder cannot say which volumes are its own: deleted all the same, it would give up WWPNs to
 * which they are still masked, and whoever gets these next would get the disks
 */
export async function findStray(
  { driver, namesInstances }: Pick<ManagerServices, 'driver' | 'namesInstances'>,
  instanceUuid: string,
  context: RequestContext,
): Promise<string | undefined> {
  if (!uuid.test(instanceUuid)) return undefined; // a name of ours, which the platform does not keep
  const guests = await driver.listGuests(context, { all: false });
  const isIt = (one: { readonly instanceUuid: string | null }) => one.instanceUuid === instanceUuid;
  const name = (guests.find(isIt) ?? (await driver.listStrayStorage?.(context, new Set()))?.find(isIt))?.name;
  if (name === undefined || namesInstances) return name;
  throw new ConflictError(
    `delete "${name}": the state directory does not know it, and without a service user Cinder does not say which volumes are its own; have them detached in Cinder, then delete it at the HMC`,
    { server: instanceUuid },
  );
}
