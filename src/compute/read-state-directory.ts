import { NotFoundError } from '../base/index.ts';
import type { FlowSummary, Journal, JournalEvent } from './journal/index.ts';
import { isLeftover, LocalVolumeStore } from './local/index.ts';
import type { LocalVolume } from './local/index.ts';
import { openDatabase } from './database.ts';
import { InstanceStore } from './instances.ts';
import { SqliteJournal } from './sqlite-journal.ts';

/** A flow with its history. */
export type FlowWithEvents = FlowSummary & { readonly events: readonly JournalEvent[] };

/** @throws NotFoundError */
export async function findFlow(journal: Journal, id: string): Promise<FlowSummary> {
  const found = (await journal.list()).find((flow) => flow.id === id);
  if (found === undefined) throw new NotFoundError(`flow "${id}" does not exist`, { flowId: id });
  return found;
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
export async function readFlows(statePath: string): Promise<readonly FlowSummary[]> {
  return await withJournal(statePath, async (journal) => await journal.list());
}

/** Returns a flow with its history. @throws JournalError, NotFoundError */
export async function readFlow(statePath: string, id: string): Promise<FlowWithEvents> {
  return await withJournal(statePath, async (journal) => await showFlow(journal, id));
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

async function withJournal<T>(statePath: string, read: (journal: Journal) => Promise<T>): Promise<T> {
  const database = openDatabase(statePath);
  try {
    return await read(new SqliteJournal(database));
  } finally {
    database.close();
  }
}
