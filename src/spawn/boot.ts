import { isHmcError } from '../hmc-client/errors/index.ts';
import { ConflictError } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import type { EncodedParameters, GuestVolume } from '../partition/guest-parameters/index.ts';
import type { ConnectedVolume, Initiator, StorageWaiting, VolumePath } from '../partition/index.ts';
import { bootTries, requireBootTry } from './boot-tries.ts';
import type { BootPlan } from './boot-tries.ts';
import { startOverPaths } from './start-over-paths.ts';
import type { BootOptions, SpawnTools, VerbCall } from './types.ts';

/** What a partition boots from; volume and path are null when it boots from a prepared storage group. */
export interface BootChoice {
  readonly volumeId: string | null;
  readonly path: VolumePath | null;
  readonly reason: string;
  /** IDs of the volumes that did not fit into the boot parameters: the guest is not told their paths. */
  readonly untoldVolumes: readonly string[];
}

export interface Started {
  readonly status: string;
  readonly path: VolumePath | null;
  readonly attempts: number;
}

/** Sets the boot properties of the partition: the first path of the boot volume, and the boot parameters of the guest. */
export async function setBoot(plan: BootPlan, tools: SpawnTools, call: VerbCall): Promise<BootChoice> {
  const first = requireBootTry(bootTries(plan, tools.storage));
  const encoded = tools.encodeGuestParameters({
    otherText: plan.options.bootOsSpecificParameters ?? '',
    nics: plan.nics,
    volumes: guestVolumes(plan.volumes, plan.initiators, plan.source === null),
  });
  const bootParameters = encoded.text === '' ? {} : { bootOsSpecificParameters: encoded.text };
  warnOfOmitted(encoded, call.log);
  try {
    const bootConfiguration = await bootConfigurationProperty(plan, tools, call);
    const properties = { ...plan.options, ...bootConfiguration, ...bootParameters, ...first.properties };
    await tools.hmc.partitions.update(plan.partition.uri, properties, call);
  } catch (error) {
    throw isHmcError(error, 400, 6) ? unknownOptions(plan.options, error) : error;
  }
  const { volumeId, path, reason } = first;
  return { volumeId, path, reason, untoldVolumes: encoded.omittedVolumes };
}

/**
 * Returns the property that makes the HMC use the requested `boot-configuration-selector`. Newer HMC levels need
 * `boot-configuration` for this. Older levels do not have this property: the HMC then does not return it.
 */
async function bootConfigurationProperty({ options, partition }: BootPlan, { hmc }: SpawnTools, w: Waiting) {
  if (options.bootConfigurationSelector === undefined) return {};
  const { bootConfiguration } = await hmc.partitions.get(partition.uri, w, ['boot-configuration']);
  return bootConfiguration === undefined ? {} : { bootConfiguration: 'selector' as const };
}

/**
 * Returns the volumes for the boot parameters, with their paths, the boot volume first. Omits paths whose vHBA has no device
 * number yet. Omits a boot volume with a single path, unless the guest boots from elsewhere: it knows the path of its boot.
 */
export function guestVolumes(
  volumes: readonly Pick<ConnectedVolume, 'volumeId' | 'isBoot' | 'paths'>[],
  initiators: readonly Initiator[],
  bootsFromVolume = true,
): readonly GuestVolume[] {
  const deviceOf = new Map(initiators.map(({ wwpn, deviceNumber }) => [wwpn, deviceNumber]));
  const bootFirst = volumes.toSorted((a, b) => Number(b.isBoot) - Number(a.isBoot));
  return bootFirst.flatMap(({ volumeId, isBoot, paths }) => {
    const usable = paths.flatMap(({ initiatorWwpn, targetWwpn, lun, deviceNumber: known }) => {
      const deviceNumber = known ?? deviceOf.get(initiatorWwpn) ?? null;
      return deviceNumber === null ? [] : [{ deviceNumber, targetWwpn, lun }];
    });
    return usable.length > (isBoot && bootsFromVolume ? 1 : 0) ? [{ volumeId, paths: usable }] : [];
  });
}

/** Logs the volumes that did not fit into the boot parameters; the guest must discover them itself. */
export function warnOfOmitted({ omittedVolumes }: EncodedParameters, log: Logger): void {
  if (omittedVolumes.length === 0) return;
  log.warn(
    { event: 'guest.parameters-full', volumes: omittedVolumes },
    'these volumes do not fit into the boot parameters: the guest finds them only with automatic LUN scan',
  );
}

/**
 * Returns the error for HMC status 400, reason 6: this HMC level does not know a field of the request. The field must be one
 * of the boot options, because every level knows the other fields.
 */
function unknownOptions(options: BootOptions, cause: Error): Error {
  const asked = Object.keys(options);
  if (asked.length === 0) return cause;
  const message = `this machine does not support all of these boot options (${asked.join(', ')})`;
  return new ConflictError(message, { options: asked }, { cause });
}

/**
 * Starts a stopped partition whose boot properties name the first path.
 *
 * If the firmware does not find the LUN, tries the next path, if possible over another port and fabric. The setting for boot
 * attempts limits the number of paths. With storage groups, DPM chooses the path, so nova-dpm tries no others.
 */
export async function startPartition(
  plan: BootPlan,
  tools: SpawnTools,
  call: VerbCall & StorageWaiting,
): Promise<Started> {
  const { partition, initiators } = plan;
  const [first, ...others] = bootTries(plan, tools.storage);
  const { status, loaded, attempts } = await startOverPaths(
    { ...tools, attempts: tools.boot.attempts },
    {
      partition,
      // The partition is stopped: it is new, or was stopped after the login of its ports.
      start: async () => await tools.lifecycle.start(partition, call),
      readTries: () => Promise.resolve({ current: first, others, initiators }),
    },
    call,
  );
  return { status, path: (loaded ?? first)?.path ?? null, attempts };
}
