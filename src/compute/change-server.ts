import { ConfigError, ConflictError } from '../base/index.ts';
import type { GuestChange, RequestContext } from '../virt/index.ts';
import { requireShare } from './claims.ts';
import { roundedMemory } from './create-server.ts';
import { taskEnds, serverFails, withFault } from './faults.ts';
import { resizeFlow, setPropertiesFlow } from './flows/change.ts';
import type { ChangeInput } from './flows/change.ts';
import { isOnlyRecord } from './instances.ts';
import type { InstanceRecord, ServerChange } from './instances.ts';
import { runServerFlow } from './manager-flows.ts';
import type { ManagerParts } from './manager-parts.ts';
import { requireIdle } from './requests.ts';
import { toDriverInstance } from './services.ts';

/** A new size of a server; what is omitted stays. @public */
export interface ResizeServer {
  readonly vcpus?: number | undefined;
  readonly memoryMib?: number | undefined;
  /** Stop the server and start it again if the change needs that; default false. */
  readonly restart?: boolean | undefined;
}

/** Changes of a server; what is omitted stays. @public */
export interface SetServer {
  readonly name?: string | undefined;
  /** An empty text removes it. */
  readonly description?: string | undefined;
  /** Properties to set. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** Keys of properties to remove. Removing one that the server does not have succeeds. */
  readonly unset?: readonly string[] | undefined;
}

/** Gives a server another size. Does nothing if it has that size. */
export async function resizeServer(
  parts: ManagerParts,
  instance: InstanceRecord,
  { vcpus, memoryMib, restart = false }: ResizeServer,
  context: RequestContext,
): Promise<void> {
  if (vcpus === undefined && memoryMib === undefined) {
    throw new ConfigError('neither --vcpus nor --memory is given, expected at least one', { option: '--vcpus' });
  }
  requireChangeable(instance, 'resize');
  const { driver, onNote } = parts;
  const rounded = memoryMib === undefined ? undefined : roundedMemory(driver, { ...instance, memoryMib }, onNote);
  const from = changeableOf(instance);
  const to = { ...from, vcpus: vcpus ?? from.vcpus, memoryMib: rounded ?? from.memoryMib };
  const guest = await plan(parts, instance, to, true, context);
  requireRestart(instance, guest, restart);
  if (isEmpty(guest) && from.vcpus === to.vcpus && from.memoryMib === to.memoryMib) return;
  requireShare(
    parts,
    to,
    parts.store.list().filter(({ uuid }) => uuid !== instance.uuid),
  );
  const input = inputOf(instance, from, to, guest);
  const work = async () => await runServerFlow(parts, resizeFlow, input, 'resize', context);
  await withFault(parts.store, instance, context, work, (code) =>
    code === 'FLOW_ROLLED_BACK' ? taskEnds : serverFails,
  );
}

/** Changes the name, the description or properties of a server. Does nothing if nothing differs. */
export async function setServer(
  parts: ManagerParts,
  instance: InstanceRecord,
  { name, description, properties, unset }: SetServer,
  context: RequestContext,
): Promise<void> {
  requireChangeable(instance, 'change');
  const { driver, store, onNote } = parts;
  const from = changeableOf(instance);
  const kept = Object.entries(from.extraSpecs).filter(([key]) => unset?.includes(key) !== true);
  const to: ServerChange = {
    ...from,
    name: name ?? from.name,
    description: description === undefined ? from.description : description === '' ? null : description,
    extraSpecs: { ...Object.fromEntries(kept), ...properties },
  };
  driver.checkExtraSpecs?.(to.extraSpecs);
  requireFreeName(parts, instance, to.name);
  const guest = await plan(parts, instance, to, false, context);
  requireRestart(instance, guest, false);
  const input = inputOf(instance, from, to, guest);
  if (isEmpty(guest)) store.change(instance.uuid, to);
  else {
    const work = async () => await runServerFlow(parts, setPropertiesFlow, input, 'change', context);
    await withFault(store, instance, context, work);
  }
  for (const key of guest.atNextStart) onNote?.(`property "${key}" takes effect at the next start of the server`);
}

function changeableOf({ name, description, vcpus, memoryMib, extraSpecs }: InstanceRecord): ServerChange {
  return { name, description, vcpus, memoryMib, extraSpecs };
}

/** @throws ConflictError for a server that is busy, or failed: nobody knows what there is of it */
function requireChangeable(instance: InstanceRecord, verb: string): void {
  requireIdle(instance, verb);
  if (instance.vmState === 'active' || instance.vmState === 'stopped') return;
  throw new ConflictError(`cannot ${verb} server "${instance.name}": it is in status ERROR`, { server: instance.uuid });
}

function requireFreeName({ store }: ManagerParts, { uuid }: InstanceRecord, name: string): void {
  // Checked again in the transaction that records the name.
  const twin = store.list().find((other) => other.name === name && other.uuid !== uuid && !isOnlyRecord(other));
  if (twin !== undefined) throw new ConflictError(`server "${name}" already exists`, { server: twin.uuid });
}

async function plan(
  { driver }: ManagerParts,
  instance: InstanceRecord,
  to: ServerChange,
  isResize: boolean,
  context: RequestContext,
): Promise<GuestChange> {
  if (driver.planChange === undefined || driver.applyChange === undefined) {
    throw new ConflictError(`cannot change server "${instance.name}": the driver has no such operation`);
  }
  const flavor = { vcpus: to.vcpus, memoryMb: to.memoryMib, extraSpecs: to.extraSpecs };
  return await driver.planChange(context, toDriverInstance(instance), { name: to.name, flavor, isResize });
}

/** @throws ConflictError that says what needs the stop, before anything is changed */
function requireRestart(instance: InstanceRecord, { stopNeededFor }: GuestChange, restart: boolean): void {
  if (restart || stopNeededFor.length === 0) return;
  throw new ConflictError(`server "${instance.name}" has to be stopped for this change: ${stopNeededFor.join('; ')}`, {
    server: instance.uuid,
    stopNeededFor,
  });
}

function isEmpty({ to }: GuestChange): boolean {
  return Object.values(to).every((part) => typeof part === 'object' && part !== null && Object.keys(part).length === 0);
}

function inputOf(instance: InstanceRecord, from: ServerChange, to: ServerChange, guest: GuestChange): ChangeInput {
  return {
    instanceUuid: instance.uuid,
    name: instance.name,
    from,
    to,
    guest: { from: guest.from, to: guest.to },
    vmState: instance.vmState === 'stopped' ? 'stopped' : 'active',
    restart: guest.stopNeededFor.length > 0,
  };
}
