import { failedTo, toError } from '../base/index.ts';
import { GRACE_POLL_SECONDS, GRACE_SECONDS } from '../virt/index.ts';
import type { GuestEnd, RequestContext } from '../virt/index.ts';
import { taskEnds, withFault } from './faults.ts';
import type { BlockDevice, InstanceRecord, TaskState } from './instances.ts';
import type { ManagerParts } from './manager-parts.ts';
import { toBlockDeviceInfo, toDriverInstance, toNetworkInfo } from './services.ts';

/** Nova's names of the instance actions. Source: nova nova/compute/instance_actions.py. */
export const actionOf = {
  'powering-on': 'start',
  'powering-off': 'stop',
  rebooting: 'reboot',
  rebooting_hard: 'reboot',
} as const satisfies Partial<Record<TaskState, string>>;
type PowerTask = keyof typeof actionOf;

export async function startServer(parts: ManagerParts, instance: InstanceRecord, context: RequestContext) {
  await changePower(parts, instance, 'powering-on', context, async (devices) => {
    const networks = toNetworkInfo(parts.store.networks(instance.uuid));
    await parts.driver.powerOn(context, toDriverInstance(instance), networks, toBlockDeviceInfo(devices));
    return 'active';
  });
}

/** @param options.soft - ask the guest to stop first, for up to 60 seconds */
export async function stopServer(
  parts: ManagerParts,
  instance: InstanceRecord,
  { soft = false }: { readonly soft?: boolean },
  context: RequestContext,
) {
  await changePower(parts, instance, 'powering-off', context, async () => {
    const [timeout, interval] = soft ? [GRACE_SECONDS, GRACE_POLL_SECONDS] : [0, 0];
    noteEnd(parts, instance, await parts.driver.powerOff(toDriverInstance(instance), timeout, interval, context));
    return 'stopped';
  });
}

export async function rebootServer(
  parts: ManagerParts,
  instance: InstanceRecord,
  type: 'SOFT' | 'HARD',
  context: RequestContext,
) {
  await changePower(parts, instance, type === 'HARD' ? 'rebooting_hard' : 'rebooting', context, async (devices) => {
    const networks = toNetworkInfo(parts.store.networks(instance.uuid));
    const volumes = toBlockDeviceInfo(devices);
    noteEnd(parts, instance, await parts.driver.reboot(context, toDriverInstance(instance), networks, type, volumes));
    return 'active';
  });
}

/** Tells the user whether the operating system shut down when it was asked to. */
function noteEnd({ onNote }: ManagerParts, { name }: InstanceRecord, end: GuestEnd | undefined): void {
  if (end === undefined) return;
  const how = end.endedBy === 'guest' ? 'shut down' : `was stopped by force: ${end.reason}`;
  onNote?.(`the operating system of server "${name}" ${how}`);
}

/** Runs a power verb of the driver, and records the state that follows. Its failure does not change the server's state. */
async function changePower(
  { store, driver, actions }: ManagerParts,
  instance: InstanceRecord,
  taskState: PowerTask,
  context: RequestContext,
  verb: (devices: readonly BlockDevice[]) => Promise<'active' | 'stopped'>,
): Promise<void> {
  store.update(instance.uuid, { taskState });
  const run = async () => {
    const vmState = await verb(store.devices(instance.uuid)).catch((error: unknown) => {
      throw failedTo(`${actionOf[taskState]} server "${instance.name}"`, toError(error));
    });
    const { state } = await driver.getInfo(toDriverInstance(instance), true, context);
    const kept = instance.vmState === 'rescued' ? 'rescued' : vmState;
    store.update(instance.uuid, { vmState: kept, taskState: null, powerState: state, fault: null });
  };
  const action = {
    server: instance.uuid,
    name: instance.name,
    action: actionOf[taskState],
    requestId: context.requestId,
  };
  await withFault(
    store,
    instance,
    context,
    () => actions.record(action, run),
    () => taskEnds,
  );
}
