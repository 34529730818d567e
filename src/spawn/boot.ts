import { isHmcError } from '../hmc-client/errors/index.ts';
import { ConflictError } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import { encodeGuestParameters } from '../partition/guest-parameters/index.ts';
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
  /** Volumes that did not fit into the boot parameters. */
  readonly untoldVolumes: readonly string[];
}

export interface Started {
  readonly status: string;
  readonly path: VolumePath | null;
  readonly attempts: number;
}

/** Writes the first path to the boot volume and the guest parameters into the boot properties. */
export async function setBoot(plan: BootPlan, tools: SpawnTools, call: VerbCall): Promise<BootChoice> {
  const first = requireBootTry(bootTries(plan, tools.storage));
  const told = encodeGuestParameters({
    otherText: plan.options.bootOsSpecificParameters ?? '',
    nics: [], // a new partition has none
    volumes: guestVolumes(plan.volumes, plan.initiators),
  });
  const text = told.text === '' ? {} : { bootOsSpecificParameters: told.text };
  warnOfOmitted(told, call.log);
  try {
    const selection = await programSelection(plan, tools, call);
    const properties = { ...plan.options, ...selection, ...text, ...first.properties };
    await tools.hmc.partitions.update(plan.partition.uri, properties, call);
  } catch (error) {
    throw isHmcError(error, 400, 6) ? unknownOptions(plan.options, error) : error;
  }
  const { volumeId, path, reason } = first;
  return { volumeId, path, reason, untoldVolumes: told.omittedVolumes };
}

/**
 * Returns the property with which the selector takes effect: newer HMC levels need `boot-configuration`, older ones do not
 * know it. The partition shows which level it is.
 */
async function programSelection({ options, partition }: BootPlan, { hmc }: SpawnTools, w: Waiting) {
  if (options.bootConfigurationSelector === undefined) return {};
  const { bootConfiguration } = await hmc.partitions.get(partition.uri, w, ['boot-configuration']);
  return bootConfiguration === undefined ? {} : { bootConfiguration: 'selector' as const };
}

/**
 * Returns the volumes that the guest is told of, the boot volume first. Omits paths whose vHBA has no device number yet, and
 * a boot volume with a single path, which the guest knows already.
 */
export function guestVolumes(
  volumes: readonly Pick<ConnectedVolume, 'volumeId' | 'isBoot' | 'paths'>[],
  initiators: readonly Initiator[],
): readonly GuestVolume[] {
  const deviceOf = new Map(initiators.map(({ wwpn, deviceNumber }) => [wwpn, deviceNumber]));
  const bootFirst = volumes.toSorted((a, b) => Number(b.isBoot) - Number(a.isBoot));
  return bootFirst.flatMap(({ volumeId, isBoot, paths }) => {
    const told = paths.flatMap(({ initiatorWwpn, targetWwpn, lun, deviceNumber: known }) => {
      const deviceNumber = known ?? deviceOf.get(initiatorWwpn) ?? null;
      return deviceNumber === null ? [] : [{ deviceNumber, targetWwpn, lun }];
    });
    return told.length > (isBoot ? 1 : 0) ? [{ volumeId, paths: told }] : [];
  });
}

/** Logs the volumes that did not fit into the boot parameters; the guest must discover them itself. */
export function warnOfOmitted({ omittedVolumes }: EncodedParameters, log: Logger): void {
  if (omittedVolumes.length === 0) return;
  log.warn(
    { event: 'guest.parameters-full', volumes: omittedVolumes },
    'the boot parameters have no room for these volumes: the guest finds them by automatic LUN scan only',
  );
}

/** 400.6: the HMC does not know a field. Only the boot options are fields that some HMC levels lack. */
function unknownOptions(options: BootOptions, cause: Error): Error {
  const asked = Object.keys(options);
  if (asked.length === 0) return cause;
  const message = `this machine does not support all of these boot options (${asked.join(', ')})`;
  return new ConflictError(message, { options: asked }, { cause });
}

/**
 * Starts a stopped partition whose boot properties name the first path.
 *
 * When a load does not find its LUN, tries the next path, over another port and fabric where there is one and the machine
 * lets the client choose it. The boot policy limits the number of paths.
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
      // The partition is stopped: it is new, or was stopped after the login of its ports.
      start: async () => await tools.lifecycle.start(partition, call),
      ways: () => Promise.resolve({ recorded, others, initiators }),
    },
    call,
  );
  return { status, path: (loaded ?? recorded)?.path ?? null, attempts };
}
