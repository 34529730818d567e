import type { Waiting } from '../../base/index.ts';
import { isHmcError } from '../../hmc-client/index.ts';
import { changeNics, decodeGuestParameters, encodeGuestParameters } from '../../partition/guest-parameters/index.ts';
import { runningStatuses, VolumeNotFulfilledError } from '../../partition/index.ts';
import type {
  NicInGuest,
  NicRequest,
  OwnPartition,
  PartitionOwner,
  PartitionRef,
  StorageWaiting,
} from '../../partition/index.ts';
import { actsOf, guestVolumes, startOverPaths, warnOfOmitted } from '../../spawn/index.ts';
import type { Act, MappedVolume, VerbCall, Watchers } from '../../spawn/index.ts';
import { readBoot, readBootTries } from './read-boot.ts';
import type { BootRecord } from './read-boot.ts';
import type { GuestEnd } from '../driver-types.ts';
import { noRoomForNics } from './interfaces.ts';
import type { DpmRuntime } from './runtime.ts';
import { shutDownGuest } from './shutdown.ts';
import type { Grace } from './shutdown.ts';

/** The acts of the power verbs, as users and tests see them. */
export const powerActs = ['create-nics', 'wait-for-luns', 'start-partition', 'ask-guest', 'stop-partition'] as const;
export type PowerAct = Act<(typeof powerActs)[number]>;

/** Returns the helper with which the power verbs run their acts. They have no failpoints, because they have no undo. */
export function powerActsOf(verb: 'start' | 'stop', call: VerbCall, { log, onStep }: Watchers): PowerAct {
  return actsOf(verb, call, { log, onStep });
}

interface PowerOn {
  readonly owner: PartitionOwner;
  readonly partition: OwnPartition;
  /** The volumes as Cinder maps them; undefined if the caller does not know. */
  readonly mapped: readonly MappedVolume[] | undefined;
  /** The NICs of the instance; undefined if the caller does not know. */
  readonly nics: readonly NicRequest[] | undefined;
  /** Maximum number of paths to try. */
  readonly attempts: number;
}

/**
 * Creates NICs that the partition lacks and waits for its volumes, then starts it over each of its paths, as a spawn does. Starts it although volumes
 * are missing: it ran before, and may not need them.
 */
export async function powerOn(
  runtime: DpmRuntime,
  { owner, partition, mapped, nics, attempts }: PowerOn,
  act: PowerAct,
  w: Waiting,
): Promise<void> {
  const { lifecycle, log } = runtime;
  const guestNics = nics && (await ensureNics(runtime, partition, nics, act, w));
  const missing = await act('wait-for-luns', (progress) => waitForVolumes(runtime, owner, { ...w, progress }));
  const record = await renewGuestParameters(runtime, owner, partition, { mapped, nics: guestNics }, w);
  const plan = {
    partition,
    start: async () => await lifecycle.ensureRunning(partition, w, { seen: partition.status }),
    readTries: async () =>
      readBootTries(runtime, owner, record ?? (await readBoot(runtime, owner, partition, mapped ?? [], w))),
    cause: missing,
  };
  await act('start-partition', (progress) =>
    startOverPaths({ ...runtime, attempts }, plan, { signal: w.signal, log, progress }),
  );
}

async function ensureNics(
  { network }: DpmRuntime,
  partition: PartitionRef,
  requests: readonly NicRequest[],
  act: PowerAct,
  w: Waiting,
): Promise<readonly NicInGuest[]> {
  if (requests.length === 0) return [];
  return await act('create-nics', async () => {
    const plan = await network.plan(requests, '', w, partition);
    return await network.create(partition, plan, false, w);
  });
}

/** @returns the error if volumes are missing */
async function waitForVolumes(
  { storage, log }: DpmRuntime,
  owner: PartitionOwner,
  w: StorageWaiting,
): Promise<Error | undefined> {
  try {
    await storage.waitForVolumes(owner, [], w);
    return undefined;
  } catch (error) {
    if (!(error instanceof VolumeNotFulfilledError)) throw error;
    log.warn(
      { event: 'storage.incomplete', instance: owner.instanceUuid, error: error.message },
      'volumes are missing; starting the partition without them',
    );
    return error;
  }
}

/**
 * Renews the guest parameters before a load: volumes or NICs may have been attached or detached since the last one. Keeps
 * text of other owners, and what the caller does not know. If the machine refuses, the partition starts with the old parameters, and the guest must discover its
 * volumes itself.
 *
 * @returns the boot properties and volumes; undefined if the machine refused, or the caller does not know the volumes
 * @throws ConflictError when there is no room for the NICs
 */
async function renewGuestParameters(
  runtime: DpmRuntime,
  owner: PartitionOwner,
  partition: PartitionRef,
  { mapped, nics: known }: { readonly mapped: PowerOn['mapped']; readonly nics: readonly NicInGuest[] | undefined },
  w: Waiting,
): Promise<BootRecord | undefined> {
  if (mapped === undefined && known === undefined) return undefined;
  const { hmc, log } = runtime;
  try {
    const record = await readBoot(runtime, owner, partition, mapped ?? [], w);
    const { device, parameters: otherText, initiators, volumes } = record;
    const isFromVolume = device === 'storage-adapter' || device === 'storage-volume';
    const nics = known ?? decodeGuestParameters(otherText).nics;
    const encoded =
      mapped === undefined
        ? { omittedVolumes: [], ...changeNics(otherText, () => nics) }
        : encodeGuestParameters({ otherText, nics, volumes: guestVolumes(volumes, initiators, isFromVolume) });
    if (encoded.omittedNics.length > 0) throw noRoomForNics(partition, encoded.omittedNics);
    warnOfOmitted(encoded, log);
    if (encoded.text !== otherText)
      await hmc.partitions.update(partition.uri, { bootOsSpecificParameters: encoded.text }, w);
    return mapped && record;
  } catch (error) {
    if (!isHmcError(error, 400) && !isHmcError(error, 403) && !isHmcError(error, 409)) throw error;
    log.warn(
      { event: 'guest.parameters-stale', partition: partition.name, error: error.message },
      'cannot update the guest parameters; the guest sees the old list of volumes',
    );
    return undefined;
  }
}

/**
 * Stops the partition. With a grace time, asks a running guest first, through its console, and stops it by force if it still
 * runs then.
 *
 * @returns how the guest ended; undefined if it was not asked
 */
export async function powerOff(
  runtime: DpmRuntime,
  partition: OwnPartition,
  grace: Grace,
  act: PowerAct,
  w: Waiting,
): Promise<GuestEnd | undefined> {
  const isAsked = grace.timeoutMs > 0 && runningStatuses.has(partition.status);
  const end = isAsked ? await act('ask-guest', () => shutDownGuest(runtime, partition, grace, w)) : undefined;
  await act('stop-partition', () =>
    runtime.lifecycle.ensureStopped(partition, w, { seen: isAsked ? undefined : partition.status }),
  );
  return end;
}
