import { describeError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';
import type { RequestContext } from '../virt/index.ts';
import { deleteFlow } from './flows/delete.ts';
import type { Fault, InstanceRecord } from './instances.ts';
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
  else await verbs.delete(context);
}

/**
 * What the platform shows is what the verb came to. A guest that still runs was not stopped, and is not stopped now,
 * when nobody waits for it any more; one that does not run although it was to, or is on its way, is brought to where it
 * was to go.
 */
async function settlePower(
  instance: InstanceRecord,
  { store, driver }: ManagerParts,
  verbs: SettlingVerbs,
  context: RequestContext,
): Promise<void> {
  store.update(instance.uuid, { taskState: null });
  const { state: powerState } = await driver.getInfo(toDriverInstance(instance), false, context);
  if (powerState === 'running') store.update(instance.uuid, { vmState: 'active', powerState });
  else if (instance.taskState === 'powering-off') await verbs.stop(context);
  else await verbs.start(context);
}

function markInterrupted({ uuid, taskState, fault }: InstanceRecord, { store }: ManagerParts, context: RequestContext) {
  const reason =
    fault ?? interruption('INTERRUPTED', `the process ended in the middle of it (${String(taskState)})`, context);
  store.update(uuid, { vmState: 'error', taskState: null, fault: reason });
}
