import type { DatabaseSync } from 'node:sqlite';
import { NotFoundError } from '../base/index.ts';
import { InstanceStore } from './instances.ts';
import type { FlowSummary } from './journal/index.ts';
import { INTERRUPTED, ServerActions } from './server-actions.ts';
import type { ServerAction } from './server-actions.ts';
import { SqliteJournal } from './sqlite-journal.ts';

export interface FlowListFilter {
  readonly open?: boolean | undefined;
  /** Name or UUID of a server, which may be deleted. */
  readonly server?: string | undefined;
  /** The ID of a request, or its beginning. */
  readonly request?: string | undefined;
  /** At most this many, the newest. */
  readonly limit?: number | undefined;
}

/** One action on a server: Nova's instance action. */
export interface ServerEvent {
  readonly action: string;
  readonly server: string;
  readonly name: string | undefined;
  readonly requestId: string | undefined;
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  readonly result: FlowSummary['state'] | 'failed' | 'interrupted';
  readonly error: string | undefined;
  readonly flowId: string | undefined;
}

/** Nova's names of the instance actions. Source: nova nova/compute/instance_actions.py. */
const actionOfFlow: Readonly<Record<string, string>> = {
  build: 'create',
  'build-stock': 'create',
  delete: 'delete',
  'add-volume': 'attach_volume',
  'remove-volume': 'detach_volume',
  resize: 'resize',
  'set-properties': 'set',
  'set-boot': 'set_boot',
  rescue: 'rescue',
  'rescue-iso': 'rescue',
  unrescue: 'unrescue',
  'unrescue-iso': 'unrescue',
  rebuild: 'rebuild',
};

/** Returns flows, newest first. @throws NotFoundError when the server or the request is unknown */
export async function listFlows(database: DatabaseSync, filter: FlowListFilter): Promise<readonly FlowSummary[]> {
  const { open = false, server, request, limit } = filter;
  const journal = new SqliteJournal(database);
  const ofRequest = request === undefined ? undefined : journal.ofRequest(request);
  if (request !== undefined && ofRequest?.size === 0) throw requestWithoutFlow(database, request);
  const flows = (await journal.list({ open })).filter(({ id }) => ofRequest?.has(id) ?? true);
  return (server === undefined ? flows : flowsOfServer(database, flows, server)).slice(0, limit);
}

/** Returns what was done to a server, newest first. @throws NotFoundError when nothing is known of the server */
export async function listServerEvents(
  database: DatabaseSync,
  server: string,
  limit?: number,
): Promise<readonly ServerEvent[]> {
  const flows = flowsOfServer(database, await new SqliteJournal(database).list(), server);
  const events = [
    ...flows.filter(({ parent }) => parent === undefined).map(eventOfFlow),
    ...actionsOfServer(database, server).map(eventOfAction),
  ];
  return events.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt)).slice(0, limit);
}

function flowsOfServer(database: DatabaseSync, flows: readonly FlowSummary[], server: string): readonly FlowSummary[] {
  const uuids = uuidsOf(database, server);
  const found = flows.filter((flow) => {
    if (flow.flow.startsWith('local-')) return false; // its subject and name are those of a volume
    return uuids.has(flow.subject ?? '') || flow.subject === server || flow.name === server;
  });
  if (found.length > 0 || uuids.size > 0 || actionsOfServer(database, server).length > 0) return found;
  throw new NotFoundError(`server "${server}" does not exist, and the journal has nothing of it`, { server });
}

function actionsOfServer(database: DatabaseSync, server: string): readonly ServerAction[] {
  const uuids = uuidsOf(database, server);
  return new ServerActions(database)
    .list()
    .filter((action) => uuids.has(action.server) || action.server === server || action.name === server);
}

/** Returns the UUIDs of the servers that have this name or UUID now. */
function uuidsOf(database: DatabaseSync, server: string): ReadonlySet<string> {
  const matches = new InstanceStore(database).list().filter(({ uuid, name }) => uuid === server || name === server);
  return new Set(matches.map(({ uuid }) => uuid));
}

function eventOfFlow(flow: FlowSummary): ServerEvent {
  return {
    action: actionOfFlow[flow.flow] ?? flow.flow,
    server: flow.subject ?? '',
    name: flow.name,
    requestId: flow.requestId,
    startedAt: flow.startedAt,
    endedAt: flow.endedAt,
    result: flow.state,
    error: flow.error,
    flowId: flow.id,
  };
}

function eventOfAction({ id: _id, ...action }: ServerAction): ServerEvent {
  const { endedAt, error } = action;
  const ended = error === undefined ? 'completed' : error === INTERRUPTED ? 'interrupted' : 'failed';
  return { ...action, result: endedAt === undefined ? 'running' : ended, flowId: undefined };
}

/** A start, stop or reboot has no flow, nor has a request that was refused before anything was changed. */
function requestWithoutFlow(database: DatabaseSync, request: string): NotFoundError {
  const action = new ServerActions(database).list().find(({ requestId }) => requestId.startsWith(request));
  const what = `request "${request}" has no flow`;
  if (action === undefined) return new NotFoundError(what, { request });
  const text = `${what}: it was "${action.action}" of server "${action.name}" (dpm server event list ${action.server})`;
  return new NotFoundError(text, { request, server: action.server });
}
