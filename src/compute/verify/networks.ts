import { settledServers } from './flows.ts';
import type { Finding, Views } from './views.ts';

/**
 * Finds NICs of nova-dpm in partitions of servers, of no network of the server. Leaves out servers with an open flow, which
 * finishes or undoes its own work.
 */
export function findNics(views: Pick<Views, 'instances' | 'flows' | 'guests' | 'nics' | 'isBusy'>): readonly Finding[] {
  if (views.isBusy) return [];
  const servers = settledServers(views);
  return views.nics.flatMap(({ name, uri, guestUri, interfaceId, isRecorded }) => {
    const guest = views.guests.find((each) => each.uri === guestUri && each.doubt === undefined);
    const server = servers.get(guest?.instanceUuid ?? '');
    if (isRecorded || guest === undefined || guest.instanceUuid === null || server === undefined) return [];
    const detail = `${uri} of partition ${guest.name}: it is of no network of server "${server}"`;
    const target = { id: interfaceId, instanceUuid: guest.instanceUuid };
    return [{ kind: 'nic', name, detail, repair: 'delete it', target } as const];
  });
}
