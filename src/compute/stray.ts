import type { ComputeDriver, RequestContext } from '../virt/index.ts';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Looks on the platform for a guest of this host, or storage of one, whose instance the state directory does not know:
 * the directory may have been lost, and what it stood for is still there.
 *
 * @returns its name there
 */
export async function findStray(
  driver: Pick<ComputeDriver, 'listGuests' | 'listStrayStorage'>,
  instanceUuid: string,
  context: RequestContext,
): Promise<string | undefined> {
  if (!uuid.test(instanceUuid)) return undefined; // a name of ours, which the platform does not keep
  const guests = await driver.listGuests(context, { all: false });
  const guest = guests.find((one) => one.instanceUuid === instanceUuid);
  if (guest !== undefined) return guest.name;
  const storage = (await driver.listStrayStorage?.(context, new Set())) ?? [];
  return storage.find((one) => one.instanceUuid === instanceUuid)?.name;
}
