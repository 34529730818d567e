import type { DatabaseSync } from 'node:sqlite';
import { ConflictError, NotFoundError } from '../base/index.ts';
import type { FlowSummary, Journal, RecordedEvent } from './journal/index.ts';
import { isLeftover, LocalVolumeStore } from './local/index.ts';
import type { LocalVolume } from './local/index.ts';
import { openDatabase } from './database.ts';
import { InstanceStore } from './instances.ts';
import { listFlows, listServerEvents } from './history.ts';
import type { FlowListFilter, ServerEvent } from './history.ts';
import { SqliteJournal } from './sqlite-journal.ts';

/** A flow with its history. */
export type FlowWithEvents = FlowSummary & { readonly events: readonly RecordedEvent[] };

/**
 * Finds a flow by its ID, by the beginning of its ID, or by the request that began it.
 *
 * @throws NotFoundError, or ConflictError when several flows match
 */
export async function findFlow(journal: Journal, id: string): Promise<FlowSummary> {
  const flows = await journal.list();
  const exact = flows.find((flow) => flow.id === id);
  if (exact !== undefined) return exact;
  return pickOne(
    flows.filter((flow) => (id.startsWith('req-') ? flow.requestId : flow.id)?.startsWith(id)),
    id,
  );
}

function pickOne(found: readonly FlowSummary[], id: string): FlowSummary {
  const [only] = found;
  if (only === undefined) throw new NotFoundError(`flow "${id}" does not exist`, { flowId: id });
  if (found.length === 1) return only;
  const ids = found.map((flow) => flow.id).join(', ');
  throw new ConflictError(`"${id}" matches ${found.length} flows; give the ID of one: ${ids}`, { flowId: id });
}

/** @throws NotFoundError */
export async function showFlow(journal: Journal, id: string): Promise<FlowWithEvents> {
  const flow = await findFlow(journal, id);
  return { ...flow, events: await journal.read(flow.id) };
}

/**
 * Returns the flows of a state directory, newest first. Asks neither HMC nor Cinder: the journal is read when those have
 * failed. Changes nothing.
 *
 * @throws JournalError
 */
export async function readFlows(statePath: string, filter: FlowListFilter = {}): Promise<readonly FlowSummary[]> {
  return await withDatabase(statePath, async (database) => await listFlows(database, filter));
}

/** Returns a flow with its history. @throws JournalError, NotFoundError */
export async function readFlow(statePath: string, id: string): Promise<FlowWithEvents> {
  return await withDatabase(statePath, async (database) => {
    const journal = new SqliteJournal(database);
    if (!id.startsWith('req-')) return await showFlow(journal, id);
    // The request may have resumed a flow that another request began.
    const flows = await listFlows(database, { request: id });
    return await showFlow(journal, pickOne(flows, id).id);
  });
}

/**
 * Returns what was done to a server, newest first; also to a deleted one, as long as its history is kept.
 *
 * @param server - name or UUID
 * @throws NotFoundError when there is neither a server nor a history of this name or UUID
 */
export async function readServerEvents(
  statePath: string,
  server: string,
  limit?: number,
): Promise<readonly ServerEvent[]> {
  return await withDatabase(statePath, async (database) => await listServerEvents(database, server, limit));
}

/** Returns the records of volumes that were attached to this host without Nova. Changes nothing. */
export function readHostVolumes(statePath: string): readonly LocalVolume[] {
  const database = openDatabase(statePath);
  try {
    return new LocalVolumeStore(database).list().filter(({ place }) => place.kind === 'host');
  } finally {
    database.close();
  }
}

/** Names of the places to which this program has attached volumes. */
export interface AttachedNames {
  /** Names of servers by UUID. */
  readonly servers: ReadonlyMap<string, string>;
  /** Names of the hosts or partitions of volumes attached without Nova, by volume ID. */
  readonly places: ReadonlyMap<string, string>;
}

/** Returns the names of servers, and of places of volumes attached without Nova. Changes nothing. @throws JournalError */
export function readAttachedNames(statePath: string, host: string): AttachedNames {
  const database = openDatabase(statePath);
  try {
    const servers = new InstanceStore(database).list().map(({ uuid, name }) => [uuid, name] as const);
    const places = new LocalVolumeStore(database)
      .list()
      .map(({ volumeId, place }) => [volumeId, place.kind === 'host' ? host : place.name] as const);
    return { servers: new Map(servers), places: new Map(places) };
  } finally {
    database.close();
  }
}

/** Forgets detached volumes whose last devices on this host have been removed. */
export function forgetLeftovers(statePath: string, volumeIds: readonly string[]): void {
  const database = openDatabase(statePath);
  try {
    const store = new LocalVolumeStore(database);
    const gone = store.list().filter((record) => isLeftover(record) && volumeIds.includes(record.volumeId));
    for (const record of gone) store.delete(record);
  } finally {
    database.close();
  }
}

async function withDatabase<T>(statePath: string, read: (database: DatabaseSync) => Promise<T>): Promise<T> {
  const database = openDatabase(statePath);
  try {
    return await read(database);
  } finally {
    database.close();
  }
}
