import { isHmcError } from '../hmc-client/errors/index.ts';
import { ConflictError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import { encodeGuestParameters } from '../partition/guest-parameters/index.ts';
import type { EncodedParameters } from '../partition/guest-parameters/index.ts';
import type { UpdatePartition } from '../hmc-client/index.ts';
import type { StorageWaiting, VolumePath } from '../partition/index.ts';
import { bootTries, requireBootTry } from './boot-tries.ts';
import type { BootPlan } from './boot-tries.ts';
import { guestVolumes, warnOfOmitted } from './guest-volumes.ts';
import { startOverPaths } from './start-over-paths.ts';
import type { BootOptions, SpawnTools, VerbCall } from './types.ts';

/** Neither a Cinder volume nor a path is known of what a prepared storage group is loaded from. */
export interface BootChoice {
  readonly volumeId: string | null;
  readonly path: VolumePath | null;
  readonly reason: string;
  /** Volumes that did not fit into the boot parameters. */
  readonly untoldVolumes: readonly string[];
}

export interface Started {
  readonly status: string;
  readonly path: VolumePath | null;
  readonly attempts: number;
}

/** Writes the first path to the boot volume, and what the guest is told of its volumes, into the boot properties. */
export async function setBoot(plan: BootPlan, tools: SpawnTools, call: VerbCall): Promise<BootChoice> {
  const first = requireBootTry(bootTries(plan, tools.storage));
  const told = guestParameters(plan);
  warnOfOmitted(told, call.log);
  try {
    const selection = await programSelection(plan, tools, call);
    const properties = { ...plan.options, ...selection, ...textOf(told), ...first.properties };
    await tools.hmc.partitions.update(plan.partition.uri, properties, call);
  } catch (error) {
    throw isHmcError(error, 400, 6) ? unknownOptions(plan.options, error) : error;
  }
  const { volumeId, path, reason } = first;
  return { volumeId, path, reason, untoldVolumes: told.omittedVolumes };
}

/**
 * Newer levels look at the selector only if `boot-configuration` says so, and older ones do not know that property: the
 * partition shows which it is.
 */
async function programSelection(
  { options, partition }: BootPlan,
  { hmc }: SpawnTools,
  w: Waiting,
): Promise<UpdatePartition> {
  if (options.bootConfigurationSelector === undefined) return {};
  const { bootConfiguration } = await hmc.partitions.get(partition.uri, w, ['boot-configuration']);
  return bootConfiguration === undefined ? {} : { bootConfiguration: 'selector' };
}

/** What the guest is told of its volumes, behind what the flavour asks for. No request of its own: it goes with the boot. */
function guestParameters({ options, volumes, initiators }: BootPlan): EncodedParameters {
  return encodeGuestParameters({
    otherText: options.bootOsSpecificParameters ?? '',
    nics: [], // a new partition has none
    volumes: guestVolumes(volumes, initiators),
  });
}

function textOf({ text }: EncodedParameters): Pick<UpdatePartition, 'bootOsSpecificParameters'> {
  return text === '' ? {} : { bootOsSpecificParameters: text };
}

/** 400.6: the HMC does not know a field. The boot options are the fields that not every level has. */
function unknownOptions(options: BootOptions, cause: Error): Error {
  const asked = Object.keys(options);
  if (asked.length === 0) return cause;
  const message = `this machine does not know every boot option that was asked for (${asked.join(', ')})`;
  return new ConflictError(message, { options: asked }, { cause });
}

/**
 * Starts a stopped partition whose boot properties name the first path.
 *
 * When a load does not find its LUN, the next path is tried, over another port and fabric where there is one and where
 * the machine lets it be chosen, within the bound of the boot policy.
 */
export async function startPartition(
  plan: BootPlan,
  tools: SpawnTools,
  call: VerbCall & StorageWaiting,
): Promise<Started> {
  const { partition, initiators } = plan;
  const [recorded, ...others] = bootTries(plan, tools.storage);
  const { status, loaded, attempts } = await startOverPaths(
    { ...tools, attempts: tools.boot.attempts },
    {
      partition,
      // It is stopped, freshly made or stopped after the login of its ports: no need to ask first.
      start: async () => await tools.lifecycle.start(partition, call),
      ways: () => Promise.resolve({ recorded, others, initiators }),
    },
    call,
  );
  return { status, path: (loaded ?? recorded)?.path ?? null, attempts };
}
