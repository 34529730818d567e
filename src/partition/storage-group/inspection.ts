import { isHmcError } from '../../hmc-client/errors/index.ts';
import { parseLun, parseWwpn } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { HmcSession, StorageVolume } from '../../hmc-client/index.ts';
import type { PartitionRef } from '../lifecycle.ts';
import type { PartitionOwner } from '../naming.ts';
import { isOurVolumeName } from './directory.ts';
import type { GroupDirectory, ReadGroup } from './directory.ts';
import type { PathChecker } from './paths.ts';
import type { Initiator, KnownPath, PathInspection } from '../storage.ts';

/** Maximum number of paths to test; each may take a login, so a long list would take minutes. (inferred) */
const MAX_TRIED = 64;

type Path = Pick<KnownPath, 'initiatorWwpn' | 'targetWwpn' | 'lun'>;

/** Paths of machines with storage groups: verified by discovery, and tested with "Validate LUN Path". */
export class GroupInspection implements PathInspection {
  readonly #hmc: HmcSession;
  readonly #directory: GroupDirectory;
  readonly #checker: PathChecker;

  constructor(hmc: HmcSession, directory: GroupDirectory, checker: PathChecker) {
    this.#hmc = hmc;
    this.#directory = directory;
    this.#checker = checker;
  }

  /** Reads every group that is attached to the partition, also those that a person has attached. */
  async known(
    _owner: PartitionOwner,
    partition: PartitionRef,
    initiators: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly KnownPath[]> {
    const { storageGroupUris } = await this.#hmc.partitions.get(partition.uri, w, ['storage-group-uris']);
    const wwpnOf = new Map(initiators.map(({ deviceNumber, wwpn }) => [deviceNumber, wwpn]));
    const found: KnownPath[] = [];
    for (const uri of storageGroupUris) {
      const read = await this.#readVisible(uri, w);
      if (read?.group.type === 'fcp')
        found.push(...read.volumes.flatMap((volume) => pathsOf(volume, partition, wwpnOf)));
    }
    return found;
  }

  /** Returns undefined for a group that this user may not see. */
  async #readVisible(uri: string, w: Waiting): Promise<ReadGroup | undefined> {
    try {
      return await this.#directory.read(uri, w);
    } catch (error) {
      if (isHmcError(error, 404, 1)) return undefined;
      throw error;
    }
  }

  async examine(paths: readonly Path[], initiators: readonly Initiator[], w: Waiting) {
    const portOf = new Map(initiators.map(({ wwpn, adapterPortUri }) => [wwpn, adapterPortUri]));
    const answers = [];
    for (const [index, path] of paths.entries()) {
      const port = portOf.get(path.initiatorWwpn) ?? null;
      const checked = index < MAX_TRIED ? await this.#try(path, initiators, w) : undefined;
      const isTried = checked !== undefined && checked.verdict !== 'unknown';
      const verdict = isTried ? checked.verdict : ('untried' as const);
      // Report a guessed port only if it reached the LUN.
      const guessed = verdict === 'reachable' ? (checked?.adapterPortUri ?? null) : null;
      answers.push({ adapterPortUri: port ?? guessed, verdict });
    }
    return answers;
  }

  /** Returns undefined if the user lacks the permission to test paths. Source: python-zhmcclient _cpc.py, validate_lun_path. */
  async #try(path: Path, initiators: readonly Initiator[], w: Waiting) {
    try {
      return await this.#checker.check(path, initiators, w);
    } catch (error) {
      if (isHmcError(error, 403)) return undefined;
      throw error;
    }
  }
}

function pathsOf(
  { name, paths }: StorageVolume,
  partition: PartitionRef,
  wwpnOf: ReadonlyMap<string | null, Initiator['wwpn']>,
): readonly KnownPath[] {
  const volumeId = name !== undefined && isOurVolumeName(name) ? name : null;
  return paths.flatMap((path) => {
    const initiatorWwpn = path.deviceNumber === undefined ? undefined : wwpnOf.get(path.deviceNumber);
    const targetWwpn = parseWwpn(path.targetWwpn ?? '');
    const lun = parseLun(path.lun ?? '');
    if (path.partitionUri !== partition.uri || initiatorWwpn === undefined) return [];
    if (targetWwpn === undefined || lun === undefined) return [];
    return [{ volumeId, initiatorWwpn, targetWwpn, lun, deviceNumber: path.deviceNumber ?? null }];
  });
}
