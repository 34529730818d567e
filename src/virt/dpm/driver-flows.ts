import { describeError, InternalError, NotFoundError } from '../../base/index.ts';
import { resumeFlow, runFlow } from '../../saga/index.ts';
import type { FlowServices, Saga } from '../../saga/index.ts';
import { driverFlows } from '../../spawn/index.ts';
import type { FlowDeps, VolumeMapper } from '../../spawn/index.ts';
import type { Instance, RequestContext, VirtApi } from '../compute-driver.ts';
import type { DpmRuntime } from './runtime.ts';
import type { DpmDriverSettings } from './settings.ts';

interface DriverFlowParts {
  readonly runtime: DpmRuntime;
  readonly settings: DpmDriverSettings;
  readonly services: FlowServices;
  readonly virtapi: VirtApi;
}

/** The driver's flows with what their steps work on: run, and taken up again. */
export class DriverFlows {
  readonly #parts: DriverFlowParts;

  constructor(parts: DriverFlowParts) {
    this.#parts = parts;
  }

  /**
   * @param verb - what is done to the instance, for the messages ("attach volume to")
   * @param mapper - for the one flow that maps volumes; others only have them unmapped
   */
  async run<Input, State>(
    flow: Saga<Input, State, FlowDeps>,
    input: Input,
    verb: string,
    instance: Instance,
    context: RequestContext,
    mapper: VolumeMapper = unmapOnly(this.#parts.virtapi, context),
  ): Promise<State> {
    const { signal, flowId: parent } = context;
    const run = { what: `${verb} instance ${instance.name}`, subject: instance.uuid, parent, signal };
    return await runFlow(flow, input, this.#deps(mapper), run, this.#parts.services);
  }

  /** Finishes or undoes what an earlier process left unfinished of these instances. */
  async takeUp(instanceUuids: ReadonlySet<string>, context: RequestContext): Promise<void> {
    const { journal, log } = this.#parts.services;
    for (const flow of (await journal.list({ open: true })).toReversed()) {
      if (flow.state !== 'running' || !driverFlows.some(({ name }) => name === flow.flow)) continue;
      if (flow.subject === undefined || !instanceUuids.has(flow.subject)) continue;
      await this.resume(flow.id, context).catch((error: unknown) => {
        // One flow that stays stuck must not keep the host from serving the others; it is listed and named.
        log.error({ event: 'flow.resume', flowId: flow.id, error: describeError(error) }, 'flow not finished');
      });
    }
  }

  /** Takes up one flow. @throws FlowStuckError when it is stuck again */
  async resume(flowId: string, context: RequestContext): Promise<'completed' | 'rolled-back'> {
    const { services, virtapi } = this.#parts;
    const [flow] = (await services.journal.list({ open: true })).filter(({ id }) => id === flowId);
    if (flow?.subject === undefined) throw new NotFoundError(`flow ${flowId} is not open`, { flowId });
    return await resumeFlow(driverFlows, flow, this.#deps(unmapOnly(virtapi, context)), context.signal, services);
  }

  #deps(mapper: VolumeMapper): FlowDeps {
    const { hmc, cpc, lifecycle, partitions, storage, volumeDrivers } = this.#parts.runtime;
    const { bootAttempts: attempts, loginBeforeZoning } = this.#parts.settings;
    const boot = { attempts, loginBeforeZoning };
    return { hmc, cpcUri: cpc.uri, lifecycle, partitions, storage, volumeDrivers, boot, mapper };
  }
}

/** For flows that find their volumes mapped, and may have to have them unmapped. */
export function unmapOnly(virtapi: VirtApi, context: RequestContext): VolumeMapper {
  return {
    map: () => Promise.reject(new InternalError('this flow does not map volumes')),
    unmap: async (owner, w) => await virtapi.unprepBlockDevice({ ...context, signal: w.signal }, owner.instanceUuid),
  };
}
