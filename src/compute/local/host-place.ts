import { ConflictError, describeError, findError, NothingChangedError, toError } from '../../base/index.ts';
import type { Logger, Waiting } from '../../base/index.ts';
import type { Connector } from '../../cinder-client/index.ts';
import { defaultHostPolicies, HostConnectorRegistry } from '../../volume/host/index.ts';
import type { HostConnector, HostConnectorEntry, HostPolicies, HostSystem } from '../../volume/host/index.ts';
import { Mounts } from './mounts.ts';
import type { AttachPlace } from './place.ts';
import type { LocalVolume, LocalVolumeChange } from './records.ts';

/** The Linux host on which the program runs, as the program sees it. @public */
export interface LocalHost {
  readonly system: HostSystem;
  /** Only root may set devices online, scan, mount and remove. */
  readonly isRoot: boolean;
  readonly policies?: Partial<HostPolicies> | undefined;
  /** Host connectors that take precedence over those of `dpm.host_connectors` and the built-in ones. */
  readonly connectors?: readonly HostConnectorEntry[] | undefined;
  /** FCP devices (`0.0.8001`) that an attach sets online, in addition to `dpm.host_fcp_devices`; s390x only. */
  readonly fcpDevices?: readonly string[] | undefined;
  /** Directory from which the modules of these connectors are loaded (default: the working directory). */
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
  /** By multipath choice, since connectors are made for one. */
  readonly #registries = new Map<string, HostConnectorRegistry>();

  constructor(host: LocalHost, log: Logger) {
    this.#host = host;
    this.#log = log;
    this.mounts = new Mounts(host.system, { ...defaultHostPolicies, ...host.policies }.holders);
  }

  /** @throws ConflictError before anything is changed */
  requireRoot(what: string): void {
    if (this.#host.isRoot) return;
    throw new ConflictError(`${what} on this host: only root may do that; use sudo, or --partition`);
  }

  /**
   * Returns the connector of this host, merged from all protocols that this host can serve, as os-brick does: the protocol of
   * Cinder's back end is not known yet. Works without root, and changes nothing.
   *
   * @throws HostConnectorError when no protocol can be served (for example because no port is online)
   */
  async connector(choice: MultipathChoice, w: Waiting): Promise<Connector> {
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
    // Earlier connectors win: an empty port list of a later one must not replace the Fibre Channel ports.
    return others.reduce((whole, more) => ({ ...more, ...whole }), first);
  }

  prepare(): Promise<void> {
    return Promise.resolve(); // a host has its own ports
  }

  giveBack(): Promise<void> {
    return Promise.resolve();
  }

  async connect(volume: LocalVolume, w: Waiting): Promise<LocalVolumeChange> {
    const { connectionInfo, mode } = volume;
    if (connectionInfo === null) throw new ConflictError(`volume "${volume.name}" is not mapped to this host`);
    const connector = await this.#connectorFor(connectionInfo.driver_volume_type, volume).catch((error: unknown) => {
      throw new NothingChangedError(toError(error)); // a disconnect would need the connector too
    });
    const { warnings, ...info } = await connector.connectVolume(connectionInfo, { ...w, readOnly: mode === 'ro' });
    return { deviceInfo: { ...info, ...(warnings === undefined ? {} : { warnings: [...warnings] }) } };
  }

  async disconnect(volume: LocalVolume, force: boolean, w: Waiting): Promise<void> {
    const { connectionInfo, deviceInfo } = volume;
    if (connectionInfo === null) return; // never mapped, so never connected
    const connector = await this.#connectorFor(connectionInfo.driver_volume_type, volume);
    try {
      await connector.disconnectVolume(connectionInfo, deviceInfo ?? undefined, { ...w, force });
    } catch (error) {
      // Ignores a connection_info that cannot be read: the connect could not read it either, and changed nothing. This does
      // not hold for a volume that is attached, also by other software, or that has a device info.
      if (volume.isAttached || deviceInfo !== null || findError(error, 'CONNECTION_INFO') === undefined) throw error;
    }
  }

  /** Disconnects with force, because no data can be written to a LUN that is not mapped. */
  async clear(volume: LocalVolume, w: Waiting): Promise<void> {
    await this.disconnect(volume, true, w);
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
    const multipathOptions = { useMultipath: multipath, enforceMultipath };
    const context = { system, log: this.#log, ...multipathOptions, fcpDevices, policies };
    const registry = this.#registries.get(key) ?? (await HostConnectorRegistry.load(context, connectors, baseDir));
    this.#registries.set(key, registry);
    return registry;
  }
}
