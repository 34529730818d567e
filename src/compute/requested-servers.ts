import { ConfigError, ConflictError, describeError } from '../base/index.ts';
import type { RequestContext } from '../virt/index.ts';
import { recordServer } from './create-server.ts';
import type { planServer } from './create-server.ts';
import { faultOf, recordFault, serverFails } from './faults.ts';
import { buildFlow, buildStockFlow } from './flows/build.ts';
import type { InstanceRecord } from './instances.ts';
import { runServerFlow } from './manager-flows.ts';
import type { ManagerParts } from './manager-parts.ts';
import { ownerOfService } from './ownership.ts';
import type { OwnerNote } from './ownership.ts';
import type { CreateServer } from './requests.ts';

/** How often a build is begun again after its service died: the build itself may be the cause. */
const MAX_ATTEMPTS = 3;

/** Checks what only a waiting request needs. @throws ConfigError, ConflictError */
export function checkRequest(parts: Pick<ManagerParts, 'ownership' | 'host'>, request: CreateServer): OwnerNote {
  const { bootFrom, name } = request;
  if (bootFrom !== undefined && 'password' in bootFrom && bootFrom.password !== undefined) {
    const text = `server "${name}" boots from a server with a password, which is never stored: create it without --no-wait`;
    throw new ConfigError(text, { option: '--no-wait' });
  }
  return requireService(parts);
}

/** Returns the running service of this host. @throws ConflictError when none runs */
export function requireService({ ownership, host }: Pick<ManagerParts, 'ownership' | 'host'>): OwnerNote {
  const service = ownership.ownerOf(ownerOfService(host));
  if (service !== undefined) return service;
  const text = `no service of host "${host}" runs on this state directory: start it with dpm serve, or create the server without --no-wait`;
  throw new ConflictError(text, { host });
}

/** Makes this process the running service of its host. @throws ConflictError when another process is it */
export function claimService({ ownership, host }: Pick<ManagerParts, 'ownership' | 'host'>): Disposable {
  const subject = ownerOfService(host);
  const owned = ownership.tryAcquire(subject);
  if (owned !== undefined) return owned;
  const other = ownership.ownerOf(subject);
  const who = other === undefined ? 'another process' : `process ${other.pid} (${other.purpose}, since ${other.since})`;
  throw new ConflictError(`a service of host "${host}" runs already: ${who}`, { host });
}

/** Records a planned server with a request for the running service, both or neither. */
export function recordRequest(
  parts: ManagerParts,
  plan: Awaited<ReturnType<typeof planServer>>,
  { requestId }: RequestContext,
): void {
  const { record, input } = plan;
  recordServer(parts, plan, () => {
    parts.requests.add({
      instanceUuid: record.uuid,
      requestId,
      requestedAt: record.createdAt,
      powerOn: input.powerOn,
    });
  });
}

/** Whether the running service, or the next one, is to build this server. */
export function isRequested({ requests }: Pick<ManagerParts, 'requests'>, { uuid, vmState }: InstanceRecord): boolean {
  return vmState === 'building' && requests.find(uuid) !== undefined;
}

/**
 * Builds a server that was requested. The caller owns it, and has resumed its flows. If the signal of the context aborts, the
 * build stops where it is, and the request waits for the next service. A failure becomes the fault of the server.
 */
export async function buildRequested(parts: ManagerParts, uuid: string, { signal }: RequestContext): Promise<void> {
  const { requests, store, log } = parts;
  const request = requests.find(uuid);
  const record = store.find(uuid);
  if (request === undefined || record === undefined) return; // deleted meanwhile
  if (record.vmState !== 'building') {
    requests.remove(uuid); // its service died after the build had ended
    return;
  }
  const context = { requestId: request.requestId, signal };
  if (request.attempts >= MAX_ATTEMPTS) {
    const text = `the service ended ${request.attempts} times while it created the server`;
    store.update(uuid, { ...serverFails, fault: faultOf('INTERRUPTED', text, context) });
    requests.remove(uuid);
    return;
  }
  requests.countAttempt(uuid, 1);
  const flow = parts.spawnOrder === 'stock' ? buildStockFlow : buildFlow;
  const volumeIds = store.devices(uuid).map(({ volumeId }) => volumeId);
  const input = { instanceUuid: uuid, name: record.name, powerOn: request.powerOn, volumeIds };
  try {
    await runServerFlow(parts, flow, input, 'create', context, signal);
    requests.remove(uuid);
  } catch (error) {
    if (signal.aborted) {
      requests.countAttempt(uuid, -1);
      return;
    }
    requests.remove(uuid);
    recordFault(error, store, record, context, () => serverFails);
    log.error({ event: 'server.create', server: uuid, error: describeError(error) }, 'server not created');
  }
}

/**
 * Deletes a server that no service has begun to build: only its record exists.
 *
 * @returns false if there may be more, or no request waits; the request is removed also then
 */
export async function deleteRequested(parts: ManagerParts, record: InstanceRecord): Promise<boolean> {
  const { requests, store, journal } = parts;
  if (requests.find(record.uuid) === undefined) return false;
  const flows = await journal.list({ subject: record.uuid });
  requests.remove(record.uuid);
  if (flows.length > 0 || record.vmState !== 'building') return false;
  store.delete(record.uuid);
  return true;
}
