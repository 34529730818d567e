import { describeError, findError, missingPeer, toError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';
import type { PowerState, RequestContext } from '../virt/index.ts';
import { deleteFlow } from './flows/delete.ts';
import type { InstanceRecord } from './instances.ts';
import { codeOf, faultOf } from './keep-fault.ts';
import { toDriverInstance } from './services.ts';
import type { ManagerParts } from './manager-parts.ts';

/** The manager's verbs for the instance, to finish the operation of a dead process. */
export type SettlingVerbs = Readonly<Record<'start' | 'stop' | 'delete', (context: RequestContext) => Promise<void>>>;

/**
 * Settles a server whose record holds a task of a dead process, after its flows were resumed: a task state is written before
 * its flow begins, and power verbs have no flow. Nova does the same when its compute service starts (nova
 * compute/manager.py, _init_instance). A failure is only logged, so that the host still serves other servers.
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
    const facts = { event: 'server.take-up', server: uuid, taskState, error: describeError(error) };
    parts.log.error(facts, 'the operation of an earlier process could not be finished');
  }
}

/** Begins a delete that was requested and not begun. A stuck delete needs a person, who finds it in the list of flows. */
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
 * Does the work of a task. If it fails because a peer is missing, or is cancelled, the task stays in the record for the next
 * command. Other failures end the task.
 *
 * @param codes - for work with a journal: the errors that leave no open flow; only after these does the task stay
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
 * Finishes a power verb from what the platform shows. A guest that still runs is not stopped now, since nobody waits for that
 * any more. A guest that does not run is brought to the state that the verb asked for.
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

/** Returns the power state. A failure to read it ends the task, and becomes the server's fault. */
async function powerStateOf(
  instance: InstanceRecord,
  { store, driver }: ManagerParts,
  context: RequestContext,
): Promise<PowerState> {
  try {
    return (await driver.getInfo(toDriverInstance(instance), false, context)).state;
  } catch (error) {
    const code = findError(error, 'NOT_FOUND') === undefined ? codeOf(error) : 'NOT_FOUND';
    const fault = faultOf(code, describeError(error), context);
    const isGone = code === 'NOT_FOUND';
    store.update(instance.uuid, { taskState: null, fault, ...(isGone ? { powerState: 'nostate' } : {}) });
    throw error;
  }
}

function markInterrupted({ uuid, taskState, fault }: InstanceRecord, { store }: ManagerParts, context: RequestContext) {
  const text = `the process ended during the operation (${String(taskState)})`;
  const reason = fault ?? faultOf('INTERRUPTED', text, context);
  store.update(uuid, { vmState: 'error', taskState: null, fault: reason });
}
