import { describeError, findError, missingPeer, toError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';
import type { PowerState, RequestContext } from '../virt/index.ts';
import { deleteServer } from './delete-server.ts';
import { codeOf, faultOf } from './faults.ts';
import { deleteFlow } from './flows/delete.ts';
import type { InstanceRecord } from './instances.ts';
import { recoverFlows } from './manager-flows.ts';
import type { ManagerParts } from './manager-parts.ts';
import { isRequested } from './requested-servers.ts';
import { actionOf, startServer, stopServer } from './server-power.ts';
import { toDriverInstance } from './services.ts';

/** The manager's operations on the instance, to finish the task of a dead process. */
type RecoveryVerbs = Readonly<Record<'start' | 'stop' | 'delete', (context: RequestContext) => Promise<void>>>;

/** Finishes or undoes the operations that a dead process left unfinished on an instance or a local place. The caller owns the subject. */
export async function recoverSubject(
  parts: ManagerParts,
  subject: string,
  context: RequestContext,
  abandon?: AbortSignal,
): Promise<void> {
  await recoverFlows(parts, subject, context, abandon);
  const instance = parts.store.find(subject);
  if (instance?.uuid !== subject || isRequested(parts, instance)) return;
  parts.actions.endInterrupted(subject);
  const verbs: RecoveryVerbs = {
    start: async (request) => await startServer(parts, instance, request),
    stop: async (request) => await stopServer(parts, instance, {}, request),
    delete: async (request) => await deleteServer(parts, instance, request),
  };
  await finishTask(instance, parts, verbs, context);
}

/**
 * Finishes the task that a dead process left in the record of a server, after its flows were resumed: a task state is
 * written before its flow begins, and power verbs have no flow. Nova does the same when its compute service starts (nova
 * compute/manager.py, _init_instance). A failure is only logged, so that the host still serves other servers.
 */
export async function finishTask(
  instance: InstanceRecord,
  parts: ManagerParts,
  verbs: RecoveryVerbs,
  context: RequestContext,
): Promise<void> {
  const { uuid, name, taskState } = instance;
  if (taskState === null) return;
  if (taskState in actionOf) {
    const flow = actionOf[taskState as keyof typeof actionOf];
    parts.flows.onResume?.({ flow, subject: name, isUndone: false });
  }
  try {
    switch (taskState) {
      case 'deleting':
        await finishDelete(instance, parts, verbs, context);
        break;
      case 'powering-on':
      case 'powering-off':
      case 'rebooting':
      case 'rebooting_hard':
        await finishPower(instance, parts, verbs, context);
        break;
      case 'scheduling':
      case 'block_device_mapping':
      case 'spawning':
      case 'resize_migrating': // its flow, which was resumed, would have cleared it
        markInterrupted(instance, parts, context);
    }
  } catch (error) {
    const facts = { event: 'server.recover', server: uuid, taskState, error: describeError(error) };
    parts.log.error(facts, 'the operation of an earlier process could not be finished');
  }
}

/** Begins a delete that was requested and not begun. A stuck delete needs a person, who finds it in the list of flows. */
async function finishDelete(
  instance: InstanceRecord,
  parts: ManagerParts,
  verbs: RecoveryVerbs,
  context: RequestContext,
): Promise<void> {
  const open = await parts.journal.list({ open: true, subject: instance.uuid });
  if (open.some(({ flow }) => flow === deleteFlow.name)) markInterrupted(instance, parts, context);
  else
    await keepTaskIfUnreachable(instance, parts, context, async () => await verbs.delete(context), [
      'FLOW_ROLLED_BACK',
    ]);
}

/**
 * Does the work of a task. If it fails because a peer is missing, or is cancelled, the task stays in the record for the next
 * command. Other failures end the task.
 *
 * @param codes - for work with a journal: the errors that leave no open flow; only after these does the task stay
 */
async function keepTaskIfUnreachable(
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
async function finishPower(
  instance: InstanceRecord,
  parts: ManagerParts,
  verbs: RecoveryVerbs,
  context: RequestContext,
): Promise<void> {
  const { store } = parts;
  await keepTaskIfUnreachable(instance, parts, context, async () => {
    const powerState = await powerStateOf(instance, parts, context);
    const isRunning = powerState === 'running';
    const vmState = instance.vmState === 'rescued' ? 'rescued' : 'active';
    store.update(instance.uuid, { taskState: null, ...(isRunning ? { vmState, powerState } : {}) });
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
