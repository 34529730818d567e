import { ConflictError, describeError, findError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';
import { closeSuperseded, isResumedUnasked, isUnfinished, JournalError, resumeFlow, runFlow } from './journal/index.ts';
import type { FlowSummary, Saga } from './journal/index.ts';
import type { RequestContext } from '../virt/index.ts';
import { buildFlow, buildStockFlow } from './flows/build.ts';
import type { FlowManagerDeps } from './flows/common.ts';
import { deleteFlow } from './flows/delete.ts';
import { addVolumeFlow, removeVolumeFlow } from './flows/volume.ts';
import { faultOf } from './keep-fault.ts';
import { findFlow } from './read-state.ts';
import { toDriverInstance, unknownInstance } from './services.ts';
import type { ManagerParts } from './manager-parts.ts';

/** Every flow of the manager that a restarted process can resume. */
export const managerFlows = [
  buildFlow,
  buildStockFlow,
  deleteFlow,
  addVolumeFlow,
  removeVolumeFlow,
] as unknown as readonly Saga<never, never, FlowManagerDeps>[]; // flows of differing types in one list; resume reads inputs by schema

/** Runs, resumes and closes the manager's flows. */
export class ManagerFlows {
  readonly #parts: ManagerParts;

  constructor(parts: ManagerParts) {
    this.#parts = parts;
  }

  /** Returns the subject that a process owns while it works on a flow: the instance, or the place of a local volume. */
  async ownerOf(flow: FlowSummary): Promise<string> {
    const { local } = this.#parts;
    return local.owns(flow) ? await local.ownerOf(flow) : (flow.subject ?? flow.id);
  }

  /** Returns the owners of flows that dead processes may have left unfinished, or that wait for a peer. */
  async unfinished(): Promise<readonly string[]> {
    const open = await this.#parts.journal.list({ open: true });
    const unowned = open.filter(isResumedUnasked);
    return [...new Set(await Promise.all(unowned.map(async (flow) => await this.ownerOf(flow))))];
  }

  /** Logs the flows whose journal is damaged: they are never resumed. */
  async logDamaged(): Promise<void> {
    const { journal, log } = this.#parts;
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
  async recover(owner: string, context: RequestContext, abandon?: AbortSignal): Promise<void> {
    const { driver, host, journal, local, log, store } = this.#parts;
    const open = await journal.list({ open: true, subject: owner });
    if (open.some(isResumedUnasked)) {
      const record = store.find(owner);
      // A delete may have died after it removed the record.
      const instance = record?.uuid === owner ? toDriverInstance(record) : unknownInstance(host, owner);
      await driver.processInstancesAtStartup(context, [instance]);
    }
    for (const flow of open.filter(isResumedUnasked).toReversed()) {
      if (!managerFlows.some(({ name }) => name === flow.flow)) continue;
      await this.resume(flow, context, abandon).catch((error: unknown) => {
        log.error({ event: 'flow.resume', flowId: flow.id, error: describeError(error) }, 'flow not finished');
      });
    }
    await local.recover(owner, context);
    await this.#closeSuperseded(owner);
  }

  /** Lets the driver recognise the guests of servers that an older version built, by their names. */
  async adoptGuests(context: RequestContext): Promise<void> {
    const { driver, store, log } = this.#parts;
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

  /** Runs a flow. @param verb - for messages, such as `attach volume to` */
  async run<Input, State>(
    flow: Saga<Input, State, FlowManagerDeps>,
    input: Input & { instanceUuid: string; name: string },
    verb: string,
    context: RequestContext,
  ): Promise<State> {
    const run = { what: `${verb} server "${input.name}"`, subject: input.instanceUuid, signal: context.signal };
    try {
      return await runFlow(flow, input, { ...this.#parts, context }, run, this.#parts.flows);
    } finally {
      await this.#closeSuperseded(input.instanceUuid);
    }
  }

  /** Resumes a flow. @returns how it ended */
  async resume(
    flow: FlowSummary,
    context: RequestContext,
    abandon?: AbortSignal,
  ): Promise<'completed' | 'rolled-back'> {
    if (this.#parts.local.owns(flow)) return await this.#parts.local.resume(flow, context);
    if (flow.parent !== undefined) {
      const text = `flow ${flow.id} is part of flow ${flow.parent}: resume that one`;
      throw new ConflictError(text, { flowId: flow.id });
    }
    try {
      const services = { ...this.#parts.flows, abandon };
      const deps = { ...this.#parts, context };
      const outcome = await resumeFlow(managerFlows, flow, deps, context.signal, services);
      if (outcome === 'rolled-back') this.#markUnbuilt(flow, 'FLOW_ROLLED_BACK', 'it was rolled back', context);
      return outcome;
    } catch (error) {
      const code = findError(error, 'FLOW_WAITING')?.code ?? 'FLOW_STUCK';
      this.#markUnbuilt(flow, code, describeError(error), context);
      throw error;
    } finally {
      await this.#closeSuperseded(flow.subject);
    }
  }

  /** @throws NotFoundError, or ConflictError when the flow has ended */
  async getOpen(id: string): Promise<FlowSummary> {
    const flow = await findFlow(this.#parts.journal, id);
    if (isUnfinished(flow.state)) return flow;
    if (flow.state === 'damaged') throw new JournalError(flow.error ?? 'its journal is damaged', { flowId: flow.id });
    const text = `flow ${flow.id} has ended (${flow.state}): there is nothing to resume`;
    throw new ConflictError(text, { flowId: flow.id });
  }

  /**
   * Sets a server whose build was undone to ERROR until it is deleted, as in Nova. Its record may say otherwise: the process may
   * have died before the last event of the journal.
   */
  #markUnbuilt({ flow, subject }: FlowSummary, code: ErrorCode, how: string, context: RequestContext): void {
    if (flow !== buildFlow.name && flow !== buildStockFlow.name) return;
    const record = subject === undefined ? undefined : this.#parts.store.find(subject);
    if (subject === undefined || record === undefined) return;
    // Once a stuck build is rolled back, it uses no share any more, and its name is free.
    const wasOpen = record.fault?.code === 'FLOW_STUCK' || record.fault?.code === 'FLOW_WAITING';
    if (record.vmState === 'error' && !(code === 'FLOW_ROLLED_BACK' && wasOpen)) return;
    const fault = faultOf(code, `the process ended during the build; ${how}`, context);
    this.#parts.store.update(subject, { vmState: 'error', taskState: null, powerState: 'nostate', fault });
  }

  /**
   * Closes the flows that drivers of older versions had of their own, once the manager's flow above them has ended: that flow
   * has removed or finished what they left.
   */
  async #closeSuperseded(instanceUuid: string | undefined): Promise<void> {
    const { journal, log } = this.#parts;
    const open = await journal.list({ open: true, ...(instanceUuid && { subject: instanceUuid }) });
    const ids = new Set(open.map(({ id }) => id));
    for (const flow of open) {
      if (flow.state === 'damaged' || flow.parent === undefined || ids.has(flow.parent)) continue;
      await closeSuperseded(journal, flow.id, 'the flow that it was part of has ended, and left nothing behind', log);
    }
  }
}
