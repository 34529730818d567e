import { NotFoundError } from '../base/index.ts';
import type { FlowSummary, Journal, JournalEvent } from './journal/index.ts';
import { openDatabase } from './database.ts';
import { SqliteJournal } from './sqlite-journal.ts';

/** A flow with all that happened in it. */
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
 * The flows of a state directory, newest first. Neither HMC nor Cinder is asked: the journal is looked at when just these
 * have failed. Changes nothing.
 *
 * @throws JournalError
 */
export async function readFlows(statePath: string): Promise<readonly FlowSummary[]> {
  return await withJournal(statePath, async (journal) => await journal.list());
}

/** One of them, with its steps. @throws JournalError, NotFoundError */
export async function readFlow(statePath: string, id: string): Promise<FlowWithEvents> {
  return await withJournal(statePath, async (journal) => await showFlow(journal, id));
}

async function withJournal<T>(statePath: string, look: (journal: Journal) => Promise<T>): Promise<T> {
  const database = openDatabase(statePath);
  try {
    return await look(new SqliteJournal(database));
  } finally {
    database.close();
  }
}
