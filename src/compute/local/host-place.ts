import { ConflictError, describeError, findError } from '../../base/index.ts';
import type { Logger, Waiting } from '../../base/index.ts';
import type { Connector } from '../../cinder-client/index.ts';
import { HostConnectorRegistry } from '../../volume/host/index.ts';
import type {
  HostConnector,
  HostConnectorContext,
  HostConnectorEntry,
  HostPolicies,
  HostSystem,
} from '../../volume/host/index.ts';
import { Mounts } from './mounts.ts';
import type { AttachPlace } from './place.ts';
import type { LocalVolume, LocalVolumeChange } from './records.ts';

/** The Linux host on which the program runs, as the program sees it. @public */
export interface LocalHost {
  readonly system: HostSystem;
  /** Only root may set devices online, scan, mount and remove. */
  readonly isRoot: boolean;
  readonly policies?: Partial<HostPolicies> | undefined;
  /** Host connectors beside those that `dpm.host_connectors` names; they go before these and the built-in ones. */
  readonly connectors?: readonly HostConnectorEntry[] | undefined;
  /** FCP devices (`0.0.8001`) that an attach sets online, beside those of `dpm.host_fcp_devices`; s390x only. */
  readonly fcpDevices?: readonly string[] | undefined;
  /** Where the modules of these connectors are looked for; the working directory unless told otherwise. */
  readonly baseDir?: string | undefined;
}

/** `--multipath` and `--enforce-multipath`, as os-brick has them. @public */
export interface MultipathChoice {
  readonly multipath: boolean;
  readonly enforceMultipath: boolean;
}

/** Volumes of the Linux host on which the program runs. */
export class HostPlace implements AttachPlace {
  readonly mounts: Mounts;
  readonly #host: LocalHost;
  readonly #log: Logger;
  /** By what the attach was asked for, since a connector is made for it. */
  readonly #registries = new Map<string, HostConnectorRegistry>();

  constructor(host: LocalHost, log: Logger) {
    this.#host = host;
    this.#log = log;
    this.mounts = new Mounts(host.system);
  }

  /** @throws ConflictError before anything is changed */
  requireRoot(what: string): void {
    if (this.#host.isRoot) return;
    throw new ConflictError(`${what} on this host: only root may do that; run it with sudo, or name a --partition`);
  }

  /**
   * The connector of this host, put together from those of every protocol that is served here, as os-brick does: which of
   * them Cinder's back end wants is not known before. Needs no root, and changes nothing.
   *
   * @throws HostConnectorError when none of them can be used here (no port is online, for one)
   */
  async ownConnector(choice: MultipathChoice, w: Waiting): Promise<Connector> {
    const found: Connector[] = [];
    const refused: unknown[] = [];
    for (const { protocol, connector } of (await this.#registryFor(choice)).all()) {
      try {
        found.push(await connector.getConnectorProperties(w));
      } catch (error) {
        if (findError(error, 'HOST_CONNECTOR') === undefined) throw error;
        refused.push(error);
        const facts = { event: 'host.connector', protocol, error: describeError(error) };
        this.#log.info(facts, 'this host cannot serve the protocol');
      }
    }
    const [first, ...others] = found;
    if (first === undefined) throw refused[0];
    // What one has said counts: the ports of Fibre Channel must not go with an empty list of a connector that has none.
    return others.reduce((whole, more) => ({ ...more, ...whole }), first);
  }

  prepare(): Promise<void> {
    return Promise.resolve(); // its ports are its own
  }

  giveBack(): Promise<void> {
    return Promise.resolve();
  }

  async connector(volume: LocalVolume, w: Waiting): Promise<Connector> {
    return await this.ownConnector(volume, w);
  }

  async connect(volume: LocalVolume, w: Waiting): Promise<LocalVolumeChange> {
    const { connectionInfo, mode } = volume;
    if (connectionInfo === null) throw new ConflictError(`volume "${volume.name}" is not mapped to this host`);
    const connector = await this.#connectorFor(connectionInfo.driver_volume_type, volume);
    const { warnings, ...info } = await connector.connectVolume(connectionInfo, { ...w, readOnly: mode === 'ro' });
    return { deviceInfo: { ...info, ...(warnings === undefined ? {} : { warnings: [...warnings] }) } };
  }

  async disconnect(volume: LocalVolume, force: boolean, w: Waiting): Promise<void> {
    const { connectionInfo, deviceInfo } = volume;
    if (connectionInfo === null) return; // it was never mapped, and so never seen here
    const connector = await this.#connectorFor(connectionInfo.driver_volume_type, volume);
    await connector.disconnectVolume(connectionInfo, deviceInfo ?? undefined, { ...w, force });
  }

  async mount({ mountpoint, deviceInfo, mode }: LocalVolume, w: Waiting): Promise<void> {
    if (mountpoint === null || deviceInfo === null) return;
    await this.mounts.mount(deviceInfo.path, mountpoint, mode === 'ro', w);
  }

  async unmount({ mountpoint, deviceInfo }: LocalVolume, w: Waiting): Promise<boolean> {
    if (mountpoint === null || deviceInfo === null) return false;
    return await this.mounts.unmount(deviceInfo.path, mountpoint, w);
  }

  async remains({ connectionInfo, ...volume }: LocalVolume, w: Waiting): Promise<readonly string[]> {
    if (connectionInfo === null) return [];
    const connector = await this.#connectorFor(connectionInfo.driver_volume_type, volume);
    return (await connector.getVolumePaths(connectionInfo, w)).map(({ path }) => `device path ${path}`);
  }

  async #connectorFor(protocol: string, choice: MultipathChoice): Promise<HostConnector> {
    return (await this.#registryFor(choice)).get(protocol);
  }

  async #registryFor({ multipath, enforceMultipath }: MultipathChoice): Promise<HostConnectorRegistry> {
    const key = `${multipath} ${enforceMultipath}`;
    const { system, policies, connectors, fcpDevices, baseDir } = this.#host;
    const context: HostConnectorContext = {
      system,
      log: this.#log,
      useMultipath: multipath,
      enforceMultipath,
      fcpDevices,
      policies,
    };
    const registry = this.#registries.get(key) ?? (await HostConnectorRegistry.load(context, connectors, baseDir));
    this.#registries.set(key, registry);
    return registry;
  }
}
