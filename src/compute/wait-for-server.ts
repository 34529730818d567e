import { ConflictError, NotFoundError, sleep } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { FlowRolledBackError, FlowStuckError } from './journal/index.ts';
import { openDatabase } from './database.ts';
import { InstanceStore } from './instances.ts';
import type { InstanceRecord } from './instances.ts';
import { Ownership, ownerOfService } from './ownership.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import { serverStatus } from './views.ts';
import { WaitingRequests } from './waiting-requests.ts';

const POLL_MS = 200;
/** An operation that nobody works on may be on its way from one process to the next. */
const MAX_POLLS_WITHOUT_OWNER = 15;

interface WaitForServer extends Waiting {
  readonly statePath: string;
  readonly host: string;
  readonly pid: number;
  /** Called once, if the request of the server waits for a service that does not run. */
  readonly onNote: (text: string) => void;
}

/** What the state directory knows of a server. The power state is that of the end of the last operation. */
export type RecordedServer = ReturnType<typeof viewRecord>;

/**
 * Waits until no operation on a server is running or waiting, by the records of the state directory. Asks neither HMC nor Cinder.
 *
 * @throws NotFoundError when the server does not exist, or is deleted meanwhile; the failure of the operation when the server
 * is in ERROR: FlowStuckError, FlowRolledBackError or ConflictError; ConflictError when nobody works on the operation
 */
export async function waitForServer(nameOrUuid: string, options: WaitForServer): Promise<RecordedServer> {
  const { statePath, host, pid, onNote, signal } = options;
  const database = openDatabase(statePath);
  try {
    using ownership = new Ownership(statePath, { pid, purpose: 'dpm server wait', since: new Date().toISOString() });
    const store = new InstanceStore(database);
    const requests = new WaitingRequests(database);
    const { uuid, name } = store.get(nameOrUuid);
    let pollsWithoutOwner = 0;
    for (let polls = 0; ; polls += 1) {
      const record = store.find(uuid);
      if (record === undefined) throw new NotFoundError(`server "${name}" was deleted`, { server: uuid });
      if (!isBusy(record)) {
        if (record.vmState === 'error') throw await failureOf(record, new SqliteJournal(database));
        return viewRecord(record);
      }
      const isServed = ownership.ownerOf(ownerOfService(host)) !== undefined;
      const isRequested = requests.find(uuid) !== undefined;
      if (polls === 0 && isRequested && !isServed)
        onNote(`no service of host "${host}" runs: server "${name}" is created once dpm serve runs`);
      const isOwned = isRequested || isServed || ownership.ownerOf(uuid) !== undefined;
      pollsWithoutOwner = isOwned ? 0 : pollsWithoutOwner + 1;
      if (pollsWithoutOwner > MAX_POLLS_WITHOUT_OWNER) throw interrupted(record);
      await sleep(POLL_MS, signal);
    }
  } finally {
    database.close();
  }
}

function isBusy({ vmState, taskState }: InstanceRecord): boolean {
  return taskState !== null || vmState === 'building';
}

function viewRecord(record: InstanceRecord) {
  const { uuid: id, name, taskState: task_state, powerState: power_state, host, createdAt: created_at } = record;
  return { id, name, status: serverStatus(record), task_state, power_state, host, created_at };
}

/** Returns the fault of a server in ERROR as the error that the operation ended in. */
async function failureOf({ uuid, name, fault }: InstanceRecord, journal: SqliteJournal): Promise<Error> {
  const text = `server "${name}" is in status ERROR`;
  const cause = new Error(fault?.message ?? 'the reason is not known');
  const facts = { server: uuid, fault: fault?.code };
  const flows = (await journal.list({ subject: uuid })).filter(({ parent }) => parent === undefined);
  const open = flows.find(({ state }) => state === 'stuck' || state === 'waiting');
  if (open !== undefined) return new FlowStuckError(text, open.id, open.leftBehind, cause);
  const [last] = flows;
  if (fault?.code === 'FLOW_ROLLED_BACK' && last !== undefined)
    return new FlowRolledBackError(text, '', { ...facts, flowId: last.id }, cause);
  return new ConflictError(text, facts, { cause });
}

function interrupted({ uuid, name, taskState, vmState }: InstanceRecord): ConflictError {
  const state = taskState ?? vmState;
  const text = `the operation on server "${name}" (${state}) was interrupted, and no process works on it; the next command that changes something finishes it or rolls it back`;
  return new ConflictError(text, { server: uuid, state });
}
