import { isHmcError } from '../hmc-client/errors/index.ts';
import type { Waiting } from '../base/index.ts';
import type { Adapter, HmcSession } from '../hmc-client/index.ts';
import type { PartitionStorage } from './storage.ts';
import type { Doubt } from './whereabouts.ts';

/**
 * An HMC shows a user only the partitions that he has access to, and answers 404.1 for the others as for those that do not
 * exist. An adapter tells how many virtual connections started partitions use, whoever may see them (IBM WS API, Adapter
 * object, `used-capacity`): more than those of the partitions that are seen means that there are others. Every FCP adapter
 * that this user sees is asked: an instance may have ports of adapters that the settings named when it was made.
 *
 * @param seen - adapter port of each virtual connection that this user sees, and that may be counted as used
 */
export async function findHiddenUse(
  hmc: HmcSession,
  cpcUri: string,
  w: Waiting,
  seen: () => Promise<readonly string[]>,
): Promise<string | undefined> {
  const first = await compare(hmc, cpcUri, w, seen);
  // One that was stopped between the two looks is none.
  return first === undefined ? undefined : await compare(hmc, cpcUri, w, seen);
}

async function compare(
  hmc: HmcSession,
  cpcUri: string,
  w: Waiting,
  seen: () => Promise<readonly string[]>,
): Promise<string | undefined> {
  const listed = await hmc.adapters.list(cpcUri, { type: 'fcp' }, w);
  const adapters = (await Promise.all(listed.map(async ({ uri }) => await readAdapter(hmc, uri, w)))).flat();
  const used = await seen();
  for (const { uri, name, usedCapacity = 0 } of adapters) {
    const count = used.filter((port) => port.startsWith(`${uri}/`)).length;
    if (usedCapacity > count)
      return `adapter "${name}" has ${usedCapacity} ${usedCapacity === 1 ? 'connection' : 'connections'} in use, ${usedCapacity - count} of them by partitions or storage groups that the user may not see`;
  }
  return undefined;
}

/** One that is not there any more tells nothing. */
async function readAdapter(hmc: HmcSession, uri: string, w: Waiting): Promise<readonly Adapter[]> {
  try {
    return [await hmc.adapters.get(uri, w)];
  } catch (error) {
    if (!isHmcError(error, 404)) throw error;
    return [];
  }
}

/**
 * Of a partition that the HMC neither shows nor lists: may it be one that this user may not see?
 *
 * @param uri - null where it is not known which one it is
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
      'look on the HMC whether it exists, and give the user access to it; where it was deleted, run this once as an HMC user who sees every partition and storage group of the CPC',
  };
}
