import { describeError, findError, missingPeer, toError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';
import type { PowerState, RequestContext } from '../virt/index.ts';
import { deleteFlow } from './flows/delete.ts';
import type { Fault, InstanceRecord } from './instances.ts';
import { codeOf } from './keep-fault.ts';
import { toDriverInstance } from './services.ts';
import type { ManagerParts } from './manager-parts.ts';

/** The manager's verbs for the instance, to finish what a dead process had begun. */
export interface SettlingVerbs {
  start(context: RequestContext): Promise<void>;
  stop(context: RequestContext): Promise<void>;
  delete(context: RequestContext): Promise<void>;
}

/** The fault of a server whose operation was cut off with its process. */
export function interruption(code: ErrorCode, message: string, { requestId }: RequestContext): Fault {
  return { code, message, at: new Date().toISOString(), requestId };
}

/**
 * Settles a server in whose record a task of a dead process stands, after the flows have been taken up: a task state is
 * written before its flow begins, and power verbs have no flow. As Nova does when its compute service starts (nova
 * compute/manager.py, _init_instance). One server that cannot be settled does not keep the host from serving the
 * others.
 */
export async function settleAfterCrash(
  instance: InstanceRecord,
  parts: ManagerParts,
  verbs: SettlingVerbs,
  context: RequestContext,
): Promise<void> {
  const { uuid, taskState } = instance;
  if (taskState === null) return;
  try {
    switch (taskState) {
      case 'deleting':
        await settleDelete(instance, parts, verbs, context);
        break;
      case 'powering-on':
      case 'powering-off':
      case 'rebooting':
      case 'rebooting_hard':
        await settlePower(instance, parts, verbs, context);
        break;
      case 'scheduling':
      case 'block_device_mapping':
      case 'spawning':
        markInterrupted(instance, parts, context);
    }
  } catch (error) {
    parts.log.error(
      { event: 'server.take-up', server: uuid, taskState, error: describeError(error) },
      'the operation of an earlier process could not be finished',
    );
  }
}

/** A delete that was asked for and not begun is begun now. One that is stuck needs a person, who finds it in the list of flows. */
async function settleDelete(
  instance: InstanceRecord,
  parts: ManagerParts,
  verbs: SettlingVerbs,
  context: RequestContext,
): Promise<void> {
  const open = await parts.journal.list({ open: true, subject: instance.uuid });
  if (open.some(({ flow }) => flow === deleteFlow.name)) markInterrupted(instance, parts, context);
  else await asLongAsAsked(instance, parts, context, async () => await verbs.delete(context), ['FLOW_ROLLED_BACK']);
}

/**
 * What fails for want of a peer, or is stopped, is still to be done: the task stays in the record, for the next one who
 * comes. Other failures end it.
 *
 * @param codes - the errors that say so where the work has a journal: what has left an open flow is taken up from there
 */
async function asLongAsAsked(
  { uuid, taskState }: InstanceRecord,
  { store, flows }: ManagerParts,
  { signal }: RequestContext,
  work: () => Promise<void>,
  codes?: readonly ErrorCode[],
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isUnbegun = codes === undefined || findError(error, ...codes) !== undefined;
    const isAsked = signal.aborted || (flows.missingPeer ?? missingPeer)(toError(error)) !== undefined;
    if (isUnbegun && isAsked && store.find(uuid) !== undefined) store.update(uuid, { taskState });
    throw error;
  }
}

/**
 * What the platform shows is what the verb came to. A guest that still runs was not stopped, and is not stopped now,
 * when nobody waits for it any more; one that does not run although it was to, or is on its way, is brought to where it
 * was to go.
 */
async function settlePower(
  instance: InstanceRecord,
  parts: ManagerParts,
  verbs: SettlingVerbs,
  context: RequestContext,
): Promise<void> {
  const { store } = parts;
  await asLongAsAsked(instance, parts, context, async () => {
    const powerState = await powerStateOf(instance, parts, context);
    const isRunning = powerState === 'running';
    store.update(instance.uuid, { taskState: null, ...(isRunning ? { vmState: 'active', powerState } : {}) });
    if (isRunning) return;
    if (instance.taskState === 'powering-off') await verbs.stop(context);
    else await verbs.start(context);
  });
}

/** What keeps it from being seen ends the task, and is the fault of the server; of one that is gone, nothing runs. */
async function powerStateOf(
  instance: InstanceRecord,
  { store, driver }: ManagerParts,
  context: RequestContext,
): Promise<PowerState> {
  try {
    return (await driver.getInfo(toDriverInstance(instance), false, context)).state;
  } catch (error) {
    const code = findError(error, 'NOT_FOUND') === undefined ? codeOf(error) : 'NOT_FOUND';
    const fault = interruption(code, describeError(error), context);
    const isGone = code === 'NOT_FOUND';
    store.update(instance.uuid, { taskState: null, fault, ...(isGone ? { powerState: 'nostate' } : {}) });
    throw error;
  }
}

function markInterrupted({ uuid, taskState, fault }: InstanceRecord, { store }: ManagerParts, context: RequestContext) {
  const reason =
    fault ?? interruption('INTERRUPTED', `the process ended in the middle of it (${String(taskState)})`, context);
  store.update(uuid, { vmState: 'error', taskState: null, fault: reason });
}
