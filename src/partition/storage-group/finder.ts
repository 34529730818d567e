import { HmcHttpError } from '../../hmc-client/errors/index.ts';
import { ConflictError, describeError } from '../../base/index.ts';
import type { Logger } from '../../base/index.ts';
import type { HmcSession, StorageVolume } from '../../hmc-client/index.ts';
import { isMismatch } from './directory.ts';
import type { GroupDirectory, OwnGroup, ReadGroup } from './directory.ts';
import { describeVolume, notFulfilled } from './fulfilment.ts';
import type { Fulfilment, Look } from './fulfilment.ts';
import { identify, isUsable } from './identity.ts';
import type { Findings } from './identity.ts';
import { toInitiator } from './ports.ts';
import { diagnose, withoutAccess } from './paths.ts';
import type { CheckedPath, PathChecker } from './paths.ts';
import type { ConnectedVolume, Initiator, StorageWaiting, VolumePath } from '../storage.ts';

export interface FinderParts {
  readonly hmc: HmcSession;
  readonly directory: GroupDirectory;
  readonly checker: PathChecker;
  readonly fulfilment: Fulfilment;
  readonly log: Logger;
}

/** A group as read once, and which requested volumes it has. */
interface Sight extends ReadGroup {
  readonly initiators: readonly Initiator[];
  readonly findings: Findings;
}

/** An additional condition for the end of a search. Returns what is missing; undefined if the condition is met. */
export type Condition = (read: ReadGroup) => string | undefined;

/** Finds the storage volume of each Cinder volume. Corrects the names if DPM assigned the LUNs to other volumes. */
export class VolumeFinder {
  readonly #parts: FinderParts;

  constructor(parts: FinderParts) {
    this.#parts = parts;
  }

  /**
   * Waits until each of the volumes is found.
   *
   * @param initiators - the partition's ports; read again if their device numbers are not known
   * @returns the volumes, each with its storage volume and the paths that discovery has verified
   * @throws VolumeNotFulfilledError that says where the paths of each missing volume end, and what DPM found
   */
  async find(
    own: OwnGroup,
    volumes: readonly ConnectedVolume[],
    initiators: readonly Initiator[],
    w: StorageWaiting,
    isOver?: Condition,
  ): Promise<readonly ConnectedVolume[]> {
    let last: Sight | undefined;
    const look = async (): Promise<Look<readonly ConnectedVolume[]>> => {
      const sight = await this.#lookAndCorrect(own.uri, volumes, initiators, w);
      last = sight;
      const missing = describeMissing(sight) ?? isOver?.(sight);
      if (missing !== undefined) return { kind: 'missing', what: missing };
      return { kind: 'done', value: volumes.map((volume) => placed(volume, sight)) };
    };
    const explain = async (): Promise<Error> =>
      last === undefined ? new ConflictError(`storage group "${own.name}" was not read`) : await this.#explain(last, w);
    return await this.#parts.fulfilment.wait(own.uri, look, explain, w);
  }

  /** Reads the group once, without waiting. Changes nothing. */
  async look(
    uri: string,
    wanted: readonly ConnectedVolume[],
    initiators: readonly Initiator[],
    w: StorageWaiting,
  ): Promise<Sight> {
    const read = await this.#parts.directory.read(uri, w);
    const known = await this.#withDevices(read, initiators, w);
    return { ...read, initiators: known, findings: identify(read.volumes, wanted, byDevice(known)) };
  }

  /**
   * Rejects the LUNs that DPM has found and that were not requested.
   *
   * @param leaving - storage volumes that were just removed, whose LUNs the array still presents
   */
  async reject(read: ReadGroup, w: StorageWaiting, leaving: readonly StorageVolume[] = []): Promise<void> {
    const unwanted = read.volumes.filter(isMismatch);
    if (unwanted.length === 0) return;
    const { hmc, log } = this.#parts;
    const uris = unwanted.map(({ uri }) => uri);
    const known = new Set(leaving.map(({ uuid }) => uuid));
    const strange = unwanted.filter(({ uuid }) => uuid === undefined || !known.has(uuid));
    const volumes = strange.map(describeVolume);
    if (strange.length > 0) log.warn({ event: 'storage.unwanted', volumes }, 'rejecting LUNs that were not requested');
    try {
      await hmc.storageGroups.rejectMismatchedVolumes(read.group.uri, uris, w);
    } catch (error) {
      if (!(error instanceof HmcHttpError) || error.status === 403) throw error;
      // Without this operation, the machine lists the LUN until the next discovery.
      if (error.status === 404 || error.status === 405) return;
      // The LUN may have disappeared by itself; otherwise it would be orphaned.
      const left = (await this.#parts.directory.read(read.group.uri, w)).volumes.filter(isMismatch);
      if (left.some(({ uri }) => uris.includes(uri))) throw error;
    }
  }

  async #lookAndCorrect(
    uri: string,
    wanted: readonly ConnectedVolume[],
    initiators: readonly Initiator[],
    w: StorageWaiting,
  ): Promise<Sight> {
    const sight = await this.look(uri, wanted, initiators, w);
    const { accept, changes } = sight.findings;
    if (accept.length === 0 && changes.length === 0) return sight;
    const { hmc, log } = this.#parts;
    log.info({ event: 'storage.identity', changes, accept }, 'correcting the names of storage volumes');
    const spares = changes.flatMap((change) => (change.operation === 'delete' ? [change.uri] : []));
    if (spares.length > 0)
      log.warn({ event: 'storage.spare', spares }, 'deleting storage volumes that were created twice');
    // Rename before accepting, so that the volume is ours even after an interruption.
    if (changes.length > 0) await hmc.storageGroups.modify(uri, { storageVolumes: changes }, w);
    if (accept.length > 0) await this.accept(uri, accept, w);
    return await this.look(uri, wanted, initiators, w);
  }

  /** Accepts LUNs as they are. A changed state is no error: the caller reads the group again. */
  async accept(groupUri: string, volumeUris: readonly string[], w: StorageWaiting): Promise<void> {
    try {
      await this.#parts.hmc.storageGroups.acceptMismatchedVolumes(groupUri, volumeUris, w);
    } catch (error) {
      if (!(error instanceof HmcHttpError) || error.status !== 409) throw error;
      this.#parts.log.warn({ event: 'storage.accept', error: describeError(error) }, 'LUNs were not accepted');
    }
  }

  /** Reads missing device numbers, by which DPM identifies a path; they exist only with the partition. */
  async #withDevices(
    { group }: ReadGroup,
    initiators: readonly Initiator[],
    w: StorageWaiting,
  ): Promise<readonly Initiator[]> {
    const isKnown = initiators.length > 0 && initiators.every(({ deviceNumber }) => deviceNumber !== null);
    if (isKnown || group.virtualStorageResourceUris.length === 0) return initiators;
    const resources = await this.#parts.hmc.virtualStorageResources.getMany(group.virtualStorageResourceUris, w);
    return resources.flatMap(toInitiator);
  }

  async #explain(sight: Sight, w: StorageWaiting): Promise<Error> {
    const { group, volumes, initiators, findings } = sight;
    const { checker, fulfilment } = this.#parts;
    const { pending } = findings;
    const checked = (
      await Promise.all(pending.map(async ({ paths }) => await checker.examine(paths, initiators, w)))
    ).flat();
    const cutOff = withoutAccess(checked);
    const report = await fulfilment.report(group.uri, w);
    const reasons = [
      ...volumes.filter((volume) => !isUsable(volume)).map(describeVolume),
      ...(cutOff.length > 0 ? described(cutOff) : []),
      ...(cutOff.length === 0 && pending.length > 0 ? [unmatched(volumes.some(isMismatch))] : []),
      ...(pending.length > 0 ? strangers(sight).map(describeStranger) : []),
      ...(report === undefined ? [] : [report]),
    ];
    const volumeIds = pending.map(({ volumeId }) => volumeId);
    return notFulfilled(group, volumeIds, reasons);
  }
}

function described(cutOff: readonly CheckedPath[]): readonly string[] {
  const { likelyCause, paths } = diagnose(cutOff);
  return [`likely cause: ${likelyCause}`, ...paths];
}

/** Returns LUNs that DPM found and that were not requested: they are masked, but under another LUN than Cinder reports. */
function strangers({ volumes, findings }: Sight): readonly StorageVolume[] {
  const known = new Set([...findings.found.values()].map(({ uri }) => uri));
  const missing = new Set<string | undefined>(findings.pending.map(({ volumeId }) => volumeId));
  // A storage volume with another name is another Cinder volume, which was not requested.
  const isOpen = (volume: StorageVolume) => isMismatch(volume) || missing.has(volume.name);
  return volumes.filter((volume) => volume.uuid !== undefined && !known.has(volume.uri) && isOpen(volume));
}

function describeStranger({ uuid = '', activeSizeGib, sizeGib, paths }: StorageVolume): string {
  const luns = [...new Set(paths.flatMap(({ lun }) => (lun === undefined ? [] : [`LUN ${lun}`])))];
  return ['DPM found in its place', `${uuid} of ${activeSizeGib ?? sizeGib ?? '?'} GiB`, ...luns].join(', ');
}

function unmatched(hasMismatch: boolean): string {
  return hasMismatch
    ? 'likely cause: the LUN has another size than Cinder says, or another LUN is presented in its place'
    : 'likely cause: not every adapter port reaches the LUN; each connection of the group has to';
}

function describeMissing({ volumes, findings: { pending } }: Sight): string | undefined {
  const [first] = pending;
  if (first === undefined) return undefined;
  const named = volumes.find(({ name }) => name === first.volumeId);
  const state = named === undefined ? `volume ${first.volumeId} has no storage volume yet` : describeVolume(named);
  return pending.length === 1 ? state : `${state}, and ${pending.length - 1} more`;
}

/** Returns the volume with its verified paths, in the given order; with all paths if discovery has verified none. */
function placed(volume: ConnectedVolume, { initiators, findings }: Sight): ConnectedVolume {
  const found = findings.found.get(volume.volumeId);
  if (found === undefined) return volume;
  const devices = new Map(initiators.map(({ wwpn, deviceNumber }) => [wwpn, deviceNumber]));
  const paths = volume.paths.map((path) => ({ ...path, deviceNumber: devices.get(path.initiatorWwpn) ?? null }));
  const verified = paths.filter((path) => found.paths.some((seen) => isSamePath(seen, path)));
  return { ...volume, storageVolumeUri: found.uri, paths: verified.length > 0 ? verified : paths };
}

function isSamePath(seen: StorageVolume['paths'][number], { deviceNumber, targetWwpn, lun }: VolumePath): boolean {
  return seen.deviceNumber === deviceNumber && seen.targetWwpn === targetWwpn && seen.lun === lun;
}

function byDevice(initiators: readonly Initiator[]): ReadonlyMap<string, string> {
  return new Map(
    initiators.flatMap(({ deviceNumber, wwpn }) => (deviceNumber === null ? [] : [[deviceNumber, wwpn] as const])),
  );
}
