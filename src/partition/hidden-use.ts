import { isHmcError } from '../hmc-client/errors/index.ts';
import type { Waiting } from '../base/index.ts';
import type { Adapter, HmcSession } from '../hmc-client/index.ts';
import type { PartitionStorage } from './storage.ts';
import type { Doubt } from './search-result.ts';

/**
 * Looks for hidden partitions: an HMC answers 404.1 for a partition that the user may not access, as for one that does not
 * exist. An adapter counts the virtual connections of all started partitions (IBM WS API, Adapter object, `used-capacity`).
 * If it counts more than the user sees, there are hidden ones. Reads every FCP adapter that the user sees, because an
 * instance may have ports of adapters that are no longer in the settings.
 *
 * @param seen - returns the adapter port of each visible virtual connection that may count as used
 */
export async function findHiddenUse(
  hmc: HmcSession,
  cpcUri: string,
  w: Waiting,
  seen: () => Promise<readonly string[]>,
): Promise<string | undefined> {
  const compare = async (): Promise<string | undefined> => {
    const listed = await hmc.adapters.list(cpcUri, { type: 'fcp' }, w);
    const adapters = (await Promise.all(listed.map(async ({ uri }) => await readAdapter(hmc, uri, w)))).flat();
    const used = await seen();
    for (const { uri, name, usedCapacity = 0 } of adapters) {
      const count = used.filter((port) => port.startsWith(`${uri}/`)).length;
      if (usedCapacity > count)
        return `adapter "${name}" has ${usedCapacity} ${usedCapacity === 1 ? 'connection' : 'connections'} in use, ${usedCapacity - count} of them by partitions or storage groups that the user may not see`;
    }
    return undefined;
  };
  // Compare twice: a partition may have been stopped between the two requests.
  return (await compare()) === undefined ? undefined : await compare();
}

/** Reads an adapter; none if it is gone. */
async function readAdapter(hmc: HmcSession, uri: string, w: Waiting): Promise<readonly Adapter[]> {
  try {
    return [await hmc.adapters.get(uri, w)];
  } catch (error) {
    if (!isHmcError(error, 404)) throw error;
    return [];
  }
}

/**
 * Returns a doubt if a partition that the HMC does not list may be hidden from this user.
 *
 * @param uri - null if the partition is not known
 */
export async function findHiddenDoubt(
  storage: Pick<PartitionStorage, 'hiddenUse'>,
  { uri, name = '?' }: { readonly uri: string | null; readonly name?: string },
  w: Waiting,
): Promise<Doubt | undefined> {
  const hidden = await storage.hiddenUse(w);
  if (hidden === undefined) return undefined;
  return {
    recorded: null,
    candidates: uri === null ? [] : [{ name, uri }],
    why: `this HMC user does not see it${uri === null ? '' : ` (${uri})`}, and ${hidden}`,
    advice:
      'check on the HMC whether it exists, and give the user access to it; if it was deleted, run this once as an HMC user who sees every partition and storage group of the CPC',
  };
}
