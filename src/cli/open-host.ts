import { findError, NotFoundError } from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import { openCinder } from '../cinder-client/index.ts';
import type { CinderOptions, ConnectionInfo } from '../cinder-client/index.ts';
import { Ownership, readHostVolumes } from '../compute/index.ts';
import type { Settings } from '../config/index.ts';
import { ownerOfHost } from '../compute/local/index.ts';
import { HostConnectorRegistry, openLocalSystem, readHostConnection } from '../volume/host/index.ts';
import type { HostPolicies, HostSystem } from '../volume/host/index.ts';
import { HostView } from '../volume/paths/index.ts';
import type { KnownVolume } from '../volume/paths/index.ts';

/** What the program that runs the commands may have instead of the real host. */
export interface HostFacts {
  readonly system?: HostSystem | undefined;
  readonly policies?: Partial<HostPolicies> | undefined;
  readonly cinder?: Pick<CinderOptions, 'policies' | 'timeouts'> | undefined;
  readonly known?: (() => readonly KnownVolume[]) | undefined;
}

interface Surroundings extends HostFacts {
  /** Where modules of third parties are looked for. */
  readonly baseDir: string;
  readonly pid: number;
}

/** What a command tells about itself when it opens the view of the host. */
export interface HostOptions {
  readonly log: Logger;
  /** `req-<uuid>`: goes into logs, and to Cinder. */
  readonly requestId: string;
  /** `dpm verify`: for another command that waits for this one. */
  readonly purpose: string;
  /** Told while another command works on what this one wants to work on. */
  readonly onWait: (other: string) => void;
}

/** The Linux host on which the command runs. */
export type HostAccess = ReturnType<typeof openHost>;

/** The Linux host on which the command runs, and what Cinder says of it. */
export function openHost(settings: Settings, options: HostOptions, facts: Surroundings) {
  const { log, requestId } = options;
  const cinder = openCinder({ ...settings.cinder, ...facts.cinder, log, requestId: () => requestId });
  const system = facts.system ?? openLocalSystem();
  const known = facts.known ?? (() => recordsOf(settings, system, log));
  const { policies, baseDir } = facts;
  const context = { system, log, policies, useMultipath: false, enforceMultipath: false }; // they are only asked what there is
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
    /** The directories in which paths are named. */
    searchPaths: async () => await view.searchPaths(),
    /** Has it Fibre Channel ports, or connectors of third parties? */
    takesVolumes: async () => await view.takesVolumes(),
    /** Of one volume, by name or id, or of all. Changes nothing. */
    paths: async (volume: string | undefined, w: Waiting) =>
      await view.paths(volume === undefined ? undefined : await idOf(volume, w.signal), w),
    /** What belongs to no volume that Cinder has attached here. Changes nothing. */
    verify: async (w: Waiting) => await view.orphans(w),
    /** Looks again and removes what is found in one go: nobody attaches or detaches here meanwhile. */
    repair: async (w: Waiting) => {
      using ownership = openOwnership(settings, options, facts.pid);
      using _owner = await ownership.acquire(ownerOfHost, { ...w, onWait: options.onWait });
      return await view.repair(await view.orphans(w), w);
    },
    [Symbol.dispose]: () => {
      cinder[Symbol.dispose]();
    },
  };
}

function openOwnership({ statePath }: Settings, { purpose }: HostOptions, pid: number): Ownership {
  return new Ownership(statePath, { pid, purpose, since: new Date().toISOString() });
}

/** What the state directory knows of volumes on this host: it tells whose a device is after Cinder has forgotten it. */
function recordsOf({ statePath }: Settings, system: HostSystem, log: Logger): readonly KnownVolume[] {
  return readHostVolumes(statePath).map(({ volumeId, deviceInfo, connectionInfo }) => ({
    volumeId,
    wwid: deviceInfo?.scsi_wwn ?? deviceInfo?.multipath_id,
    connection: connectionInfo === null ? undefined : readConnection(connectionInfo, { system, log }),
    connectionInfo: connectionInfo ?? undefined,
  }));
}

/** A record of another protocol, or of one that cannot be read, keeps its identity all the same. */
function readConnection(info: ConnectionInfo, options: Parameters<typeof readHostConnection>[1]) {
  try {
    return readHostConnection(info, options);
  } catch (error) {
    if (findError(error, 'CONNECTION_INFO') === undefined) throw error;
    return undefined;
  }
}
