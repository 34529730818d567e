import type { Waiting } from '../base/index.ts';
import { isHmcError } from '../hmc-client/index.ts';
import type { Adapter, HmcSession } from '../hmc-client/index.ts';
import type { AdapterPort } from './naming.ts';

/**
 * An HMC shows a user only the partitions that he has access to, and answers 404.1 for the others as for those that do not
 * exist. An adapter tells how many virtual connections started partitions use, whoever may see them (IBM WS API, Adapter
 * object, `used-capacity`): more than those of the partitions that are seen means that there are others.
 *
 * @param seen - adapter port of each virtual connection of a started partition that this user sees
 */
export async function findHiddenUse(
  hmc: HmcSession,
  ports: readonly AdapterPort[],
  w: Waiting,
  seen: () => Promise<readonly string[]>,
): Promise<string | undefined> {
  const first = await compare(hmc, ports, w, seen);
  // One that was stopped between the two looks is none.
  return first === undefined ? undefined : await compare(hmc, ports, w, seen);
}

async function compare(
  hmc: HmcSession,
  ports: readonly AdapterPort[],
  w: Waiting,
  seen: () => Promise<readonly string[]>,
): Promise<string | undefined> {
  const ids = new Set(ports.map(({ adapterObjectId }) => adapterObjectId));
  const adapters: Adapter[] = [];
  for (const id of ids) adapters.push(...(await readAdapter(hmc, `/api/adapters/${id}`, w)));
  const used = await seen();
  for (const { uri, name, usedCapacity = 0 } of adapters) {
    const count = used.filter((port) => port.startsWith(`${uri}/`)).length;
    if (usedCapacity > count)
      return `adapter "${name}" has ${usedCapacity} connections in use, ${usedCapacity - count} of them by partitions that the user may not see`;
  }
  return undefined;
}

/** One that is not there, or not for this user, tells nothing. */
async function readAdapter(hmc: HmcSession, uri: string, w: Waiting): Promise<readonly Adapter[]> {
  try {
    return [await hmc.adapters.get(uri, w)];
  } catch (error) {
    if (!isHmcError(error, 404)) throw error;
    return [];
  }
}
