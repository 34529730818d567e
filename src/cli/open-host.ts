import { findError, NotFoundError } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import { openCinder } from '../cinder-client/index.ts';
import type { CinderOptions, ConnectionInfo } from '../cinder-client/index.ts';
import { forgetLeftovers, Ownership, readHostVolumes } from '../compute/index.ts';
import type { Settings } from '../config/index.ts';
import { ownerOfHost } from '../compute/local/index.ts';
import { HostConnectorRegistry, openLocalSystem, readHostConnection } from '../volume/host/index.ts';
import type { HostPolicies, HostSystem } from '../volume/host/index.ts';
import { HostView } from '../volume/paths/index.ts';
import type { KnownVolume } from '../volume/paths/index.ts';

/** Replacements for the real host, for tests and demonstrations. */
export interface HostFacts {
  readonly system?: HostSystem | undefined;
  readonly policies?: Partial<HostPolicies> | undefined;
  readonly cinder?: Pick<CinderOptions, 'policies' | 'timeouts'> | undefined;
  readonly known?: (() => readonly KnownVolume[]) | undefined;
}

interface Surroundings extends HostFacts {
  /** Directory against which modules of third parties are resolved. */
  readonly baseDir: string;
  readonly pid: number;
}

export interface HostOptions {
  readonly log: Logger;
  /** `req-<uuid>`, for logs and Cinder. */
  readonly requestId: string;
  /** `dpm verify`: shown to other commands that wait for this one. */
  readonly purpose: string;
  /** Called when this command waits for another one. */
  readonly onWait: (other: string) => void;
}

export type HostAccess = ReturnType<typeof openHost>;

/** Opens the view of the Linux host on which the command runs, compared with Cinder. */
export function openHost(settings: Settings, options: HostOptions, facts: Surroundings) {
  const { log, requestId } = options;
  const cinder = openCinder({ ...settings.cinder, ...facts.cinder, log, requestId: () => requestId });
  const system = facts.system ?? openLocalSystem();
  const known = facts.known ?? (() => recordsOf(settings, system, log));
  const { policies, baseDir } = facts;
  const context = { system, log, policies, useMultipath: false, enforceMultipath: false }; // for reading only
  const loadOthers = async () => {
    const registry = await HostConnectorRegistry.load(context, settings.dpm.hostConnectors, baseDir);
    return registry.all().filter(({ isBuiltin }) => !isBuiltin);
  };
  let loading: ReturnType<typeof loadOthers> | undefined;
  const others = () => (loading ??= loadOthers());
  const view = new HostView({ system, log, policies, cinder, host: system.hostname, known, others });
  const idOf = async (volume: string, signal: AbortSignal): Promise<string> => {
    const found = await cinder.findVolume(volume, { signal });
    if (found !== undefined) return found.id;
    throw new NotFoundError(`volume "${volume}" does not exist`, { volume });
  };
  return {
    host: view.host,
    searchPaths: async () => await view.searchPaths(),
    takesVolumes: async () => await view.takesVolumes(),
    /** Returns the paths of one volume, by name or ID, or of all. */
    paths: async (volume: string | undefined, w: Waiting) =>
      await view.paths(volume === undefined ? undefined : await idOf(volume, w.signal), w),
    verify: async (w: Waiting) => await view.orphans(w),
    /** Looks for orphans again and removes them, while no other command attaches or detaches here. */
    repair: async (w: Waiting) => {
      const self = { pid: facts.pid, purpose: options.purpose, since: new Date().toISOString() };
      using ownership = new Ownership(settings.statePath, self);
      using _owner = await ownership.acquire(ownerOfHost, { ...w, onWait: options.onWait });
      const repaired = await view.repair(await view.orphans(w), w);
      forgetLeftovers(settings.statePath, await view.goneVolumes(w));
      return repaired;
    },
    [Symbol.dispose]: () => cinder[Symbol.dispose](),
  };
}

/** Reads the recorded volumes of this host. They identify devices that Cinder no longer knows. */
function recordsOf({ statePath }: Settings, system: HostSystem, log: Logger): readonly KnownVolume[] {
  return readHostVolumes(statePath).map(({ volumeId, name, deviceInfo, connectionInfo }) => ({
    volumeId,
    name: name === volumeId ? undefined : name,
    wwid: deviceInfo?.scsi_wwn ?? deviceInfo?.multipath_id,
    mapWwid: deviceInfo?.multipath_id,
    connection: connectionInfo === null ? undefined : readConnection(connectionInfo, { system, log }),
    connectionInfo: connectionInfo ?? undefined,
  }));
}

/** Undefined for another protocol, or an unreadable record. */
function readConnection(info: ConnectionInfo, options: Parameters<typeof readHostConnection>[1]) {
  try {
    return readHostConnection(info, options);
  } catch (error) {
    if (findError(error, 'CONNECTION_INFO') === undefined) throw error;
    return undefined;
  }
}
