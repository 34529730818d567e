import { GRACE_POLL_SECONDS, GRACE_SECONDS } from '../../virt/index.ts';
import type { BlockDeviceInfo } from '../../virt/index.ts';
import type { StepContext } from '../journal/index.ts';
import { blockDeviceInfoIn, contextIn, instanceIn, networkInfoIn } from './common.ts';
import type { FlowManagerDeps, InstanceInput } from './common.ts';

type Context = StepContext<{ readonly input: InstanceInput }, FlowManagerDeps>;

/** Asks the guest to shut down, and stops it by force after the grace time. */
export async function stopGuest({ state: { input }, deps, signal, flowId }: Context): Promise<void> {
  const context = contextIn(deps, signal, flowId);
  await deps.driver.powerOff(instanceIn(deps, input), GRACE_SECONDS, GRACE_POLL_SECONDS, context);
}

/** Starts the guest with the networks of the record. @param volumes - null keeps the list of volumes that the guest has */
export async function startGuest(ctx: Context, volumes?: BlockDeviceInfo | null): Promise<void> {
  const { state, deps, signal, flowId } = ctx;
  const { input } = state;
  const [networks, chosen] = [
    networkInfoIn(deps, input),
    volumes === undefined ? blockDeviceInfoIn(deps, input) : volumes,
  ];
  await deps.driver.powerOn(contextIn(deps, signal, flowId), instanceIn(deps, input), networks, chosen);
}
