import { ConflictError, describeError } from '../base/index.ts';
import { vifTypes } from '../virt/index.ts';
import type { Instance, RequestContext } from '../virt/index.ts';
import { toDriverInstance, unknownInstance } from './services.ts';
import type { ManagerServices } from './services.ts';
import { listExpectedStorage } from './verify/expected-storage.ts';
import { findParked } from './verify/guests.ts';
import { look, lookForParked } from './verify/look.ts';
import type { Finding } from './verify/views.ts';

/** A finding with the outcome of its repair. @public */
export interface Repaired extends Finding {
  readonly outcome: 'repaired' | 'failed' | 'left';
  /** Why it failed. */
  readonly error: string | null;
}

interface Tools {
  readonly services: ManagerServices;
  readonly resumeFlow: (id: string, context: RequestContext) => Promise<unknown>;
}

/** Repairs findings that are safe to repair, one after the other. A failure does not stop the next repair. */
export async function repairOrphans(
  findings: readonly Finding[],
  tools: Tools,
  context: RequestContext,
): Promise<readonly Repaired[]> {
  const results: Repaired[] = [];
  // Flows first: they may resolve the other findings.
  for (const finding of findings.toSorted((a, b) => Number(b.kind === 'flow') - Number(a.kind === 'flow'))) {
    results.push(await repairOne(finding, tools, context));
  }
  return results;
}

async function repairOne(finding: Finding, tools: Tools, context: RequestContext): Promise<Repaired> {
  if (finding.repair === null) return { ...finding, outcome: 'left', error: null };
  try {
    await act(finding, tools, context);
    return { ...finding, outcome: 'repaired', error: null };
  } catch (error) {
    return { ...finding, outcome: 'failed', error: describeError(error) };
  }
}

async function act(
  { kind, target, name }: Finding,
  { services, resumeFlow }: Tools,
  context: RequestContext,
): Promise<void> {
  switch (kind) {
    case 'flow':
      await resumeFlow(target.id, context);
      return;
    case 'attachment':
      await requireUnused(target, services, context);
      await services.cinder.attachments.delete(target.id, context);
      return;
    case 'partition':
    case 'storage-group': {
      // The driver has the volumes released before it releases the WWPNs.
      const instance = unknownInstance(services.host, target.id, name);
      await requireAtRest(instance, services, context);
      await services.driver.destroy(context, instance, null, null);
      return;
    }
    case 'parked-partition': {
      const parked = findParked(await lookForParked(services, context)).find(({ target: now }) => now.id === target.id);
      if (parked?.repair === undefined || parked.repair === null)
        throw new ConflictError(`partition "${name}" is in use now; it was left unchanged`, { instance: target.id });
      await services.driver.removeParked?.(context, { uuid: target.id });
      return;
    }
    case 'vhba':
    case 'storage-volume':
      await removeSurplus(target, services, context);
      return;
    case 'nic':
      await removeNic(target, services, context);
      return;
    case 'volume':
      // Either the volume itself is in a wrong status, or its attachment is.
      if (target.id === name) await services.cinder.actions.rollDetaching(target.id, context);
      else await services.cinder.attachments.complete(target.id, context);
      return;
    case 'server':
      return; // only an operator repairs these
  }
}

/** @throws ConflictError when the guest is not stopped: it may have been started since it was found */
async function requireAtRest(instance: Instance, { driver }: ManagerServices, context: RequestContext): Promise<void> {
  const found = await driver.locateGuest?.(context, instance, { rootDeviceName: '', blockDeviceMapping: [] });
  if (found?.kind === 'in-doubt') throw found.error;
  if (found?.kind !== 'found' || found.isAtRest) return;
  const { name, uri, status } = found;
  throw new ConflictError(`partition "${name}" (${uri}) has status ${status}; it was left unchanged`, { uri, status });
}

/**
 * @throws ConflictError when a partition may use the volume, by its ports. The instance has no record, but its partition may
 * exist under another name.
 */
async function requireUnused(
  { id, instanceUuid: uuid = '' }: Finding['target'],
  { driver, cinder, host }: ManagerServices,
  context: RequestContext,
): Promise<void> {
  const attachment = await cinder.attachments.show(id, context);
  const device = { volumeId: attachment.volumeId, sizeGib: 0, bootIndex: null, mountDevice: '', attachmentId: id };
  const { connectionInfo } = attachment;
  const info = { rootDeviceName: '', blockDeviceMapping: [{ ...device, deleteOnTermination: false, connectionInfo }] };
  const found = await driver.locateGuest?.(context, unknownInstance(host, uuid), info);
  if (found?.kind === 'in-doubt') throw found.error;
  if (found?.kind !== 'found') return;
  const { name, uri, status } = found;
  throw new ConflictError(`partition "${name}" (${uri}, ${status}) may use the volume; it was left unchanged`, { uri });
}

/** Removes a NIC, unless a network of a server has it now. */
async function removeNic(
  { id, instanceUuid = '' }: Finding['target'],
  { driver, store }: ManagerServices,
  context: RequestContext,
): Promise<void> {
  const instance = store.find(instanceUuid);
  if (instance === undefined || store.allNetworks().some(({ interfaceId }) => interfaceId === id))
    throw new ConflictError(`the NIC of interface ${id} is in use now; it was left unchanged`, { interface: id });
  const network = { id: '', label: '', subnets: [] };
  const vif = { id, address: null, type: vifTypes.adapterPort, details: {}, network };
  await driver.detachInterface(context, toDriverInstance(instance), vif);
}

/** Removes surplus storage, unless it has been used since it was found. */
async function removeSurplus(
  { id, instanceUuid }: Finding['target'],
  services: ManagerServices,
  context: RequestContext,
): Promise<void> {
  const expected = listExpectedStorage(await look(services, context)).find(
    (each) => each.instanceUuid === instanceUuid,
  );
  if (expected === undefined)
    throw new ConflictError(`an operation on ${instanceUuid ?? id} is running; it was left unchanged`, { uri: id });
  await services.driver.removeSurplusStorage?.(context, expected, id);
}
