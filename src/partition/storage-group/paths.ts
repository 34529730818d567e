import { isHmcError } from '../../hmc-client/errors/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { HmcSession, LunPathVerdict } from '../../hmc-client/index.ts';
import { LunUnreachableError } from '../errors.ts';
import { adapterPortUri, portOfUri } from '../naming.ts';
import type { AdapterPort } from '../naming.ts';
import type { ConnectedVolume, VolumePath, Initiator } from '../storage.ts';

/** A path in terms of the SAN. */
export type SanPath = Pick<VolumePath, 'initiatorWwpn' | 'targetWwpn' | 'lun'>;

/** A path with the adapter port for its test. */
export interface PathAttempt {
  readonly path: SanPath;
  readonly adapterPortUri: string;
}

/** The result of "Validate LUN Path"; `unknown` if the machine does not have the operation. */
export interface CheckedPath extends PathAttempt {
  readonly verdict: LunPathVerdict | 'unknown';
}

/**
 * Returns the adapter ports from which each path can be tested, in order. A WWPN that discovery has validated has its port.
 * Any other can log in from every candidate port, first from the one at its own position in the list, because the fabric of a
 * target is not known. A pure function.
 */
export function pathAttempts(
  paths: readonly SanPath[],
  initiators: readonly Initiator[],
  ports: readonly AdapterPort[],
): readonly PathAttempt[] {
  const uris = ports.map(adapterPortUri);
  const own = paths.flatMap((path): PathAttempt[] => {
    const index = initiators.findIndex(({ wwpn }) => wwpn === path.initiatorWwpn);
    const port = initiators[index]?.adapterPortUri ?? uris[Math.max(index, 0) % uris.length];
    return port === undefined ? [] : [{ path, adapterPortUri: port }];
  });
  const others = own.flatMap(({ path, adapterPortUri: first }) => {
    const hasPort = initiators.some(({ wwpn, adapterPortUri: at }) => wwpn === path.initiatorWwpn && at !== null);
    return hasPort ? [] : uris.filter((uri) => uri !== first).map((uri) => ({ path, adapterPortUri: uri }));
  });
  return [...own, ...others];
}

/**
 * Maximum number of paths to test for one volume, because each test takes a login. A SAN that is down is then reported
 * soon. (inferred)
 */
const MAX_TESTED = 16;

/** Tests paths with the HMC before a start. */
export class PathChecker {
  readonly #hmc: HmcSession;
  readonly #cpcUri: string;
  readonly #ports: readonly AdapterPort[];

  constructor(hmc: HmcSession, cpcUri: string, ports: readonly AdapterPort[]) {
    this.#hmc = hmc;
    this.#cpcUri = cpcUri;
    this.#ports = ports;
  }

  /**
   * Returns the first path that answers, and the failed ones before it.
   *
   * @throws LunUnreachableError naming every tested path, where it ended, and the likely cause
   */
  async firstReachable(
    { volumeId, paths }: Pick<ConnectedVolume, 'volumeId' | 'paths'>,
    initiators: readonly Initiator[],
    w: Waiting,
  ): Promise<{ readonly found: CheckedPath; readonly failed: readonly CheckedPath[] }> {
    const failed: CheckedPath[] = [];
    for (const attempt of pathAttempts(paths, initiators, this.#ports).slice(0, MAX_TESTED)) {
      const checked = await this.#check(attempt, w);
      if (checked.verdict === 'reachable' || checked.verdict === 'unknown') return { found: checked, failed };
      failed.push(checked);
    }
    throw unreachable(volumeId, failed);
  }

  /** Tests every path from its port, to explain why a LUN is not found. */
  async examine(
    paths: readonly SanPath[],
    initiators: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly CheckedPath[]> {
    const attempts = pathAttempts(paths, initiators, this.#ports).slice(0, Math.min(paths.length, MAX_TESTED));
    const checked: CheckedPath[] = [];
    for (const attempt of attempts) checked.push(await this.#check(attempt, w));
    return checked;
  }

  /** Tests one path from one port. */
  async check(path: SanPath, initiators: readonly Initiator[], w: Waiting): Promise<CheckedPath | undefined> {
    const [attempt] = pathAttempts([path], initiators, this.#ports);
    return attempt === undefined ? undefined : await this.#check(attempt, w);
  }

  async #check({ path, adapterPortUri: port }: PathAttempt, w: Waiting): Promise<CheckedPath> {
    const { initiatorWwpn: hostWwpn, targetWwpn, lun } = path;
    const request = { hostWwpn, adapterPortUri: port, targetWwpn, lun };
    try {
      return { path, adapterPortUri: port, verdict: await this.#hmc.cpcs.validateLunPath(this.#cpcUri, request, w) };
    } catch (error) {
      // An early level of storage management may lack the operation; discovery decides later.
      if (isHmcError(error, 404, 1) || isHmcError(error, 405))
        return { path, adapterPortUri: port, verdict: 'unknown' };
      throw error;
    }
  }
}

/** Describes where a path ends, with what a SAN administrator needs. */
export function describePath(checked: CheckedPath): string {
  return describeEnding([checked]);
}

const endings: Readonly<Record<CheckedPath['verdict'], string>> = {
  reachable: 'answers',
  unknown: 'not tried',
  'target-unreachable': 'the target WWPN is not reachable (484)',
  'lun-unreachable': 'the target answers, the LUN does not (485)',
};

/** The likely cause, and the paths that show it, grouped by initiator and port. */
export interface Diagnosis {
  readonly likelyCause: string;
  readonly paths: readonly string[];
}

/**
 * Returns why paths do not answer. A target that answers is zoned. The other targets may be in another fabric, so they
 * are then omitted. Source: python-zhmcclient _cpc.py, validate_lun_path.
 */
export function diagnose(failed: readonly CheckedPath[]): Diagnosis {
  const masked = failed.filter(({ verdict }) => verdict === 'lun-unreachable');
  if (masked.length > 0) {
    const likelyCause = 'masking, or the number of the LUN: the array does not present this LUN to the initiator';
    return { likelyCause, paths: inGroups(masked) };
  }
  const likelyCause =
    'zoning: no active zone holds initiator and target, or the port is cabled to another fabric, or the fabric zones only ports that have logged in (see dpm.login_before_zoning)';
  return { likelyCause, paths: inGroups(failed) };
}

/** Returns the paths of initiators that do not reach the LUN at all. */
export function withoutAccess(checked: readonly CheckedPath[]): readonly CheckedPath[] {
  const reaching = new Set(
    checked
      .filter(({ verdict }) => verdict === 'reachable' || verdict === 'unknown')
      .map(({ path }) => path.initiatorWwpn),
  );
  return checked.filter(({ path }) => !reaching.has(path.initiatorWwpn));
}

function inGroups(checked: readonly CheckedPath[]): readonly string[] {
  const keyOf = ({ path, adapterPortUri: port, verdict }: CheckedPath) =>
    [path.initiatorWwpn, port, path.lun, verdict].join(' ');
  const keys = [...new Set(checked.map(keyOf))];
  return keys.map((key) => describeEnding(checked.filter((each) => keyOf(each) === key)));
}

/** @param paths - paths of one initiator, port and LUN with the same verdict */
function describeEnding(paths: readonly CheckedPath[]): string {
  const [first] = paths;
  if (first === undefined) return '';
  const { path, adapterPortUri: port, verdict } = first;
  const targets = [...new Set(paths.map((each) => each.path.targetWwpn))].join(', ');
  return `initiator ${path.initiatorWwpn} on adapter port ${portOfUri(port)}, target ${targets}, LUN ${path.lun}: ${endings[verdict]}`;
}

function unreachable(volumeId: string, failed: readonly CheckedPath[]): LunUnreachableError {
  if (failed.length === 0) return new LunUnreachableError(`volume ${volumeId} has no path`, { volumeId });
  const { likelyCause, paths } = diagnose(failed);
  const message = `volume ${volumeId} is not reachable; likely cause: ${likelyCause}; ${paths.join('; ')}`;
  return new LunUnreachableError(message, { volumeId, likelyCause, paths });
}
