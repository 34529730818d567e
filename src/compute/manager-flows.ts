import { ConflictError, describeError, findError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';
import {
  closeSuperseded,
  isResumedUnasked,
  isUnfinished,
  JournalError,
  resumeFlow,
  runFlow,
  withRequest,
} from './journal/index.ts';
import type { FlowServices, FlowSummary, Saga } from './journal/index.ts';
import type { RequestContext } from '../virt/index.ts';
import { faultOf } from './faults.ts';
import { setBootFlow } from './flows/boot.ts';
import { rebuildFlow, rescueFlow, rescueIsoFlow, unrescueFlow, unrescueIsoFlow } from './flows/rescue.ts';
import { buildFlow, buildStockFlow } from './flows/build.ts';
import { resizeFlow, setPropertiesFlow } from './flows/change.ts';
import type { FlowManagerDeps } from './flows/common.ts';
import { deleteFlow } from './flows/delete.ts';
import { addNetworkFlow, removeNetworkFlow } from './flows/network.ts';
import { addVolumeFlow, removeVolumeFlow } from './flows/volume.ts';
import { findFlow } from './read-state-directory.ts';
import { toDriverInstance, unknownInstance } from './services.ts';
import type { ManagerParts } from './manager-parts.ts';

/** Every flow of the manager that a restarted process can resume. */
export const managerFlows = [
  buildFlow,
  buildStockFlow,
  deleteFlow,
  addVolumeFlow,
  removeVolumeFlow,
  resizeFlow,
  setPropertiesFlow,
  setBootFlow,
  rescueFlow,
  unrescueFlow,
  rescueIsoFlow,
  unrescueIsoFlow,
  rebuildFlow,
  addNetworkFlow,
  removeNetworkFlow,
] as unknown as readonly Saga<never, never, FlowManagerDeps>[]; // flows of differing types in one list; resume reads inputs by schema

/** Returns the subject that a process owns while it works on a flow: the instance, or the place of a local volume. */
export async function ownerOfFlow(parts: ManagerParts, flow: FlowSummary): Promise<string> {
  const { local } = parts;
  return local.owns(flow) ? await local.ownerOf(flow) : (flow.subject ?? flow.id);
}

/** Returns the owners of flows that dead processes may have left unfinished, or that wait for a peer. */
export async function ownersOfUnfinished(parts: ManagerParts): Promise<readonly string[]> {
  const open = await parts.journal.list({ open: true });
  const unowned = open.filter(isResumedUnasked);
  return [...new Set(await Promise.all(unowned.map(async (flow) => await ownerOfFlow(parts, flow))))];
}

/** Logs the flows whose journal is damaged: they are never resumed. */
export async function logDamagedFlows(parts: ManagerParts): Promise<void> {
  const { journal, log } = parts;
  for (const { id, error, state } of await journal.list({ open: true })) {
    if (state !== 'damaged') continue;
    const text = 'the journal of this flow is damaged: run dpm verify to find what the flow left';
    log.error({ event: 'flow.damaged', flowId: id, error }, text);
  }
}

/**
 * Resumes the flows that a dead process left unfinished, and those that wait. The caller owns their subject.
 *
 * @param abandon - when it fires, the flows stop where they are
 */
export async function recoverFlows(
  parts: ManagerParts,
  owner: string,
  context: RequestContext,
  abandon?: AbortSignal,
): Promise<void> {
  const { driver, host, journal, local, log, store } = parts;
  const open = await journal.list({ open: true, subject: owner });
  if (open.some(isResumedUnasked)) {
    const record = store.find(owner);
    // A delete may have died after it removed the record.
    const instance = record?.uuid === owner ? toDriverInstance(record) : unknownInstance(host, owner);
    await driver.processInstancesAtStartup(context, [instance]);
  }
  for (const flow of open.filter(isResumedUnasked).toReversed()) {
    if (!managerFlows.some(({ name }) => name === flow.flow)) continue;
    await resumeServerFlow(parts, flow, context, abandon).catch((error: unknown) => {
      log.error({ event: 'flow.resume', flowId: flow.id, error: describeError(error) }, 'flow not finished');
    });
  }
  await local.recover(owner, context);
  await closeSupersededFlows(parts, owner);
}

/** Lets the driver recognise the guests of servers that an older version built, by their names. */
export async function adoptGuests(parts: ManagerParts, context: RequestContext): Promise<void> {
  const { driver, store, log } = parts;
  const built = store.list().filter(({ vmState }) => vmState === 'active' || vmState === 'stopped');
  try {
    await driver.adoptGuests?.(context, built.map(toDriverInstance));
  } catch (error) {
    context.signal.throwIfAborted();
    log.warn(
      { event: 'guests.adopt', error: describeError(error) },
      'the guests of existing servers could not be recognised',
    );
  }
}

/**
 * Runs a flow.
 *
 * @param verb - for messages, such as `attach volume to`
 * @param abandon - when it fires, the flow stops where it is
 */
export async function runServerFlow<Input, State>(
  parts: ManagerParts,
  flow: Saga<Input, State, FlowManagerDeps>,
  input: Input & { instanceUuid: string; name: string },
  verb: string,
  context: RequestContext,
  abandon?: AbortSignal,
): Promise<State> {
  const run = { what: `${verb} server "${input.name}"`, subject: input.instanceUuid, signal: context.signal };
  try {
    return await runFlow(flow, input, { ...parts, context }, run, { ...flowsFor(parts, context), abandon });
  } finally {
    await closeSupersededFlows(parts, input.instanceUuid);
  }
}

function flowsFor({ flows }: ManagerParts, { requestId }: RequestContext): FlowServices {
  return { ...flows, journal: withRequest(flows.journal, requestId) };
}

/** Resumes a flow. @returns how it ended */
export async function resumeServerFlow(
  parts: ManagerParts,
  flow: FlowSummary,
  context: RequestContext,
  abandon?: AbortSignal,
): Promise<'completed' | 'rolled-back'> {
  if (parts.local.owns(flow)) return await parts.local.resume(flow, context);
  if (flow.parent !== undefined) {
    const text = `flow ${flow.id} is part of flow ${flow.parent}: resume that one`;
    throw new ConflictError(text, { flowId: flow.id });
  }
  try {
    const services = { ...flowsFor(parts, context), abandon };
    const deps = { ...parts, context };
    const outcome = await resumeFlow(managerFlows, flow, deps, context.signal, services);
    if (outcome === 'rolled-back') markUnbuilt(parts, flow, 'FLOW_ROLLED_BACK', 'it was rolled back', context);
    return outcome;
  } catch (error) {
    const code = findError(error, 'FLOW_WAITING')?.code ?? 'FLOW_STUCK';
    markUnbuilt(parts, flow, code, describeError(error), context);
    throw error;
  } finally {
    await closeSupersededFlows(parts, flow.subject);
  }
}

/** @throws NotFoundError, or ConflictError when the flow has ended */
export async function getOpenFlow(parts: ManagerParts, id: string): Promise<FlowSummary> {
  const flow = await findFlow(parts.journal, id);
  if (isUnfinished(flow.state)) return flow;
  if (flow.state === 'damaged') throw new JournalError(flow.error ?? 'its journal is damaged', { flowId: flow.id });
  const text = `flow ${flow.id} has ended (${flow.state}): there is nothing to resume`;
  throw new ConflictError(text, { flowId: flow.id });
}

/**
 * Sets a server whose build was undone to ERROR until it is deleted, as in Nova. Its record may say otherwise: the process may
 * have died before the last event of the journal.
 */
function markUnbuilt(
  parts: ManagerParts,
  { flow, subject }: FlowSummary,
  code: ErrorCode,
  how: string,
  context: RequestContext,
): void {
  if (flow !== buildFlow.name && flow !== buildStockFlow.name) return;
  const record = subject === undefined ? undefined : parts.store.find(subject);
  if (subject === undefined || record === undefined) return;
  // Once a stuck build is rolled back, it uses no share any more, and its name is free.
  const wasOpen = record.fault?.code === 'FLOW_STUCK' || record.fault?.code === 'FLOW_WAITING';
  if (code === 'FLOW_ROLLED_BACK' && parts.requests.find(subject) !== undefined) {
    // The next service builds it again.
    parts.store.update(subject, { vmState: 'building', taskState: 'scheduling', powerState: 'nostate', fault: null });
    return;
  }
  if (record.vmState === 'error' && !(code === 'FLOW_ROLLED_BACK' && wasOpen)) return;
  const fault = faultOf(code, `the process ended during the build; ${how}`, context);
  parts.store.update(subject, { vmState: 'error', taskState: null, powerState: 'nostate', fault });
}

/**
 * Closes the flows that drivers of older versions started themselves, after the manager's flow that they were part of has
 * ended. The manager's flow has finished or undone their work.
 */
async function closeSupersededFlows(parts: ManagerParts, instanceUuid: string | undefined): Promise<void> {
  const { journal, log } = parts;
  const open = await journal.list({ open: true, ...(instanceUuid && { subject: instanceUuid }) });
  const ids = new Set(open.map(({ id }) => id));
  for (const flow of open) {
    if (flow.state === 'damaged' || flow.parent === undefined || ids.has(flow.parent)) continue;
    await closeSuperseded(journal, flow.id, 'the flow that it was part of has ended, and left nothing behind', log);
  }
}
