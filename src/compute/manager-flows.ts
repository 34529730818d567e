import { ConflictError, describeError, findError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';
import { isResumedUnasked, isUnfinished, JournalError, resumeFlow, runFlow } from './journal/index.ts';
import type { FlowSummary, Saga } from './journal/index.ts';
import type { RequestContext } from '../virt/index.ts';
import { buildFlow, buildStockFlow } from './flows/build.ts';
import type { FlowManagerDeps } from './flows/common.ts';
import { deleteFlow } from './flows/delete.ts';
import { addVolumeFlow, removeVolumeFlow } from './flows/volume.ts';
import { interruption } from './after-crash.ts';
import { findFlow, showFlow } from './read-flows.ts';
import type { FlowWithEvents } from './read-flows.ts';
import { toDriverInstance } from './services.ts';
import type { ManagerParts } from './manager-parts.ts';

/** Every flow of the manager, by its name in the journal: what a restarted process can take up. */
export const managerFlows = [
  buildFlow,
  buildStockFlow,
  deleteFlow,
  addVolumeFlow,
  removeVolumeFlow,
] as unknown as readonly Saga<never, never, FlowManagerDeps>[]; // flows of differing types in one list; resume reads inputs by schema

/** The manager's flows: run, taken up again, and closed when nothing is left for them to do. */
export class ManagerFlows {
  readonly #parts: ManagerParts;

  constructor(parts: ManagerParts) {
    this.#parts = parts;
  }

  /** What a process owns that works on this flow: the instance, or the place of a volume that is attached without Nova. */
  async ownerOf(flow: FlowSummary): Promise<string> {
    const { local } = this.#parts;
    return local.owns(flow) ? await local.ownerOf(flow) : (flow.subject ?? flow.id);
  }

  /** What dead processes may have left unfinished, and what waits for a peer: what works on it has to own. */
  async unfinished(): Promise<readonly string[]> {
    const open = await this.#parts.journal.list({ open: true });
    const unowned = open.filter(isResumedUnasked);
    return [...new Set(await Promise.all(unowned.map(async (flow) => await this.ownerOf(flow))))];
  }

  /** Names the flows whose journal is damaged: nobody takes them up. */
  async tellDamaged(): Promise<void> {
    const { journal, log } = this.#parts;
    for (const { id, error, state } of await journal.list({ open: true })) {
      if (state !== 'damaged') continue;
      log.error(
        { event: 'flow.damaged', flowId: id, error },
        'the journal of this flow is damaged: run dpm verify to find what the flow left',
      );
    }
  }

  /**
   * Finishes or undoes the flows that a dead process left unfinished, and those that wait. The caller owns what they work on.
   *
   * @param abandon - leaves them where they are when it fires
   */
  async recover(owner: string, context: RequestContext, abandon?: AbortSignal): Promise<void> {
    const { driver, host, journal, local, log, store } = this.#parts;
    const open = await journal.list({ open: true, subject: owner });
    if (open.some(isResumedUnasked)) {
      const record = store.find(owner);
      // The record may be gone: a delete may have died after it had forgotten the instance.
      const unknown = { uuid: owner, name: owner, host, flavor: { vcpus: 1, memoryMb: 1 } };
      const instance = record?.uuid === owner ? toDriverInstance(record) : unknown;
      await driver.processInstancesAtStartup(context, [instance]);
    }
    for (const flow of open.filter(isResumedUnasked).toReversed()) {
      if (!isManagerFlow(flow)) continue;
      await this.resume(flow, context, abandon).catch((error: unknown) => {
        log.error({ event: 'flow.resume', flowId: flow.id, error: describeError(error) }, 'flow not finished');
      });
    }
    await local.recover(owner, context);
    await this.#closeSuperseded(owner);
  }

  /** Of servers that an older version built nothing is recorded: they are recognised as long as their names still tell. */
  async adoptGuests(context: RequestContext): Promise<void> {
    const { driver, store, log } = this.#parts;
    const built = store.list().filter(({ vmState }) => vmState === 'active' || vmState === 'stopped');
    try {
      await driver.adoptGuests?.(context, built.map(toDriverInstance));
    } catch (error) {
      context.signal.throwIfAborted();
      log.warn({ event: 'guests.adopt', error: describeError(error) }, 'guests could not be recognised now');
    }
  }

  /** @param verb - what is done to the server, for the messages ("attach volume to") */
  async run<Input, State>(
    flow: Saga<Input, State, FlowManagerDeps>,
    input: Input & { instanceUuid: string; name: string },
    verb: string,
    context: RequestContext,
  ): Promise<State> {
    const run = { what: `${verb} server "${input.name}"`, subject: input.instanceUuid, signal: context.signal };
    try {
      return await runFlow(flow, input, this.#deps(context), run, this.#parts.flows);
    } finally {
      await this.#closeSuperseded(input.instanceUuid);
    }
  }

  /** Resumes a flow of the manager's. @returns how it ended */
  async resume(
    flow: FlowSummary,
    context: RequestContext,
    abandon?: AbortSignal,
  ): Promise<'completed' | 'rolled-back'> {
    if (this.#parts.local.owns(flow)) return await this.#parts.local.resume(flow, context);
    if (flow.parent !== undefined) throw partOfAnother(flow);
    try {
      const outcome = await resumeFlow(managerFlows, flow, this.#deps(context), context.signal, {
        ...this.#parts.flows,
        abandon,
      });
      if (outcome === 'rolled-back') this.#markUnbuilt(flow, 'FLOW_ROLLED_BACK', 'everything was put back', context);
      return outcome;
    } catch (error) {
      const code = findError(error, 'FLOW_WAITING')?.code ?? 'FLOW_STUCK';
      this.#markUnbuilt(flow, code, describeError(error), context);
      throw error;
    } finally {
      await this.#closeSuperseded(flow.subject);
    }
  }

  async list(filter: { open?: boolean }): Promise<readonly FlowSummary[]> {
    return await this.#parts.journal.list(filter);
  }

  async show(id: string): Promise<FlowWithEvents> {
    return await showFlow(this.#parts.journal, id);
  }

  /** @throws NotFoundError, or ConflictError when the flow has ended */
  async getOpen(id: string): Promise<FlowSummary> {
    const flow = await findFlow(this.#parts.journal, id);
    if (isUnfinished(flow.state)) return flow;
    if (flow.state === 'damaged') throw new JournalError(flow.error ?? 'its journal is damaged', { flowId: flow.id });
    throw new ConflictError(`flow ${flow.id} has ended (${flow.state}): there is nothing to resume`, {
      flowId: flow.id,
    });
  }

  /**
   * A server whose build was undone is in ERROR until it is deleted, as in Nova. Also when its record said otherwise
   * already: the process may have died between that and the last line of the journal.
   */
  #markUnbuilt({ flow, subject }: FlowSummary, code: ErrorCode, how: string, context: RequestContext): void {
    if (flow !== buildFlow.name && flow !== buildStockFlow.name) return;
    const record = subject === undefined ? undefined : this.#parts.store.find(subject);
    if (subject === undefined || record === undefined) return;
    // One that has been put back at last takes up no share any more, and its name is free.
    const isSettled = record.vmState === 'error' && !(code === 'FLOW_ROLLED_BACK' && isLeft(record.fault?.code));
    if (isSettled) return;
    const fault = interruption(code, `the process ended in the middle of the build; ${how}`, context);
    this.#parts.store.update(subject, { vmState: 'error', taskState: null, powerState: 'nostate', fault });
  }

  /**
   * Closes the flows that drivers of older versions had of their own, once the manager's flow that they served has ended:
   * its way back, or its end, has seen to what they left.
   */
  async #closeSuperseded(instanceUuid: string | undefined): Promise<void> {
    const open = await this.#parts.journal.list({ open: true, ...(instanceUuid && { subject: instanceUuid }) });
    const ids = new Set(open.map(({ id }) => id));
    for (const flow of open) {
      if (flow.state === 'damaged' || flow.parent === undefined || ids.has(flow.parent)) continue;
      await this.#close(flow, 'superseded: the flow that it was part of has ended, and left nothing behind');
    }
  }

  /** Only tidiness: an end that cannot be written is written another time. */
  async #close({ id }: FlowSummary, error: string): Promise<void> {
    try {
      await this.#parts.journal.append(id, { kind: 'flow-ended', outcome: 'rolled-back', error });
    } catch (thrown) {
      this.#parts.log.warn({ event: 'journal.write', flowId: id, error: describeError(thrown) }, 'flow not closed');
    }
  }

  #deps(context: RequestContext): FlowManagerDeps {
    return { ...this.#parts, context };
  }
}

/** The code of a flow that had left something. */
function isLeft(code: string | undefined): boolean {
  return code === 'FLOW_STUCK' || code === 'FLOW_WAITING';
}

function partOfAnother({ id, parent }: FlowSummary): ConflictError {
  return new ConflictError(`flow ${id} is part of flow ${String(parent)}: resume that one`, { flowId: id });
}

function isManagerFlow(flow: FlowSummary): boolean {
  return managerFlows.some(({ name }) => name === flow.flow);
}
