import { isHmcError } from '../../hmc-client/errors/index.ts';
import { parseLun, parseWwpn } from '../../base/index.ts';
import type { HmcSession, StorageVolume } from '../../hmc-client/index.ts';
import type { PartitionRef } from '../lifecycle.ts';
import { isOurVolumeName } from './directory.ts';
import type { GroupDirectory } from './directory.ts';
import type { PathChecker } from './paths.ts';
import type { Initiator, KnownPath, PathInspection } from '../storage.ts';

/** Maximum number of paths to test; each may take a login, so a long list would take minutes. (inferred) */
const MAX_TRIED = 64;

type Path = Pick<KnownPath, 'initiatorWwpn' | 'targetWwpn' | 'lun'>;

/** Paths of machines with storage groups: verified by discovery, and tested with "Validate LUN Path". */
export function groupInspection(hmc: HmcSession, directory: GroupDirectory, checker: PathChecker): PathInspection {
  return {
    /** Reads every group that is attached to the partition, including those that an administrator attached. */
    listPaths: async (_owner, partition, initiators, w) => {
      const { storageGroupUris } = await hmc.partitions.get(partition.uri, w, ['storage-group-uris']);
      const wwpnOf = new Map(initiators.map(({ deviceNumber, wwpn }) => [deviceNumber, wwpn]));
      const found: KnownPath[] = [];
      for (const uri of storageGroupUris) {
        const read = await undefinedIf(directory.read(uri, w), (error) => isHmcError(error, 404, 1)); // the HMC user may not see it
        if (read?.group.type === 'fcp')
          found.push(...read.volumes.flatMap((volume) => pathsOf(volume, partition, wwpnOf)));
      }
      return found;
    },
    examine: async (paths, initiators, w) => {
      const portOf = new Map(initiators.map(({ wwpn, adapterPortUri }) => [wwpn, adapterPortUri]));
      // Testing a path needs a permission that the user may lack. Source: python-zhmcclient _cpc.py, validate_lun_path.
      const test = async (path: Path) =>
        await undefinedIf(checker.check(path, initiators, w), (error) => isHmcError(error, 403));
      const answers = [];
      for (const [index, path] of paths.entries()) {
        const port = portOf.get(path.initiatorWwpn) ?? null;
        const checked = index < MAX_TRIED ? await test(path) : undefined;
        const isTried = checked !== undefined && checked.verdict !== 'unknown';
        const verdict = isTried ? checked.verdict : ('untried' as const);
        // Report a guessed port only if it reached the LUN.
        const guessed = verdict === 'reachable' ? (checked?.adapterPortUri ?? null) : null;
        answers.push({ adapterPortUri: port ?? guessed, verdict });
      }
      return answers;
    },
  };
}

async function undefinedIf<T>(asked: Promise<T>, isExpected: (error: unknown) => boolean): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isExpected(error)) return undefined;
    throw error;
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
