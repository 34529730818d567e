import { DpmError } from '../../../base/index.ts';
import type { Waiting } from '../../../base/index.ts';
import type { ConnectionInfo, Connector } from '../../../cinder-client/index.ts';
import { parseFcConnection, warnOfUnsupportedKeys } from '../../index.ts';
import type { FcConnection } from '../../index.ts';
import type {
  ConnectOptions,
  DeviceInfo,
  DisconnectOptions,
  ExtendOptions,
  HostConnector,
  HostConnectorContext,
  HostPath,
} from '../connector.ts';
import { HostAttachError, HostDetachError } from '../errors.ts';
import { loggedSystem } from '../logged-system.ts';
import { defaultHostPolicies } from '../policies.ts';
import { Turns } from '../turns.ts';
import { attach } from './attach.ts';
import { BY_PATH } from './by-path.ts';
import { detach } from './detach.ts';
import { extend } from './extend.ts';
import { GenericTransport } from './generic-transport.ts';
import { toHostPaths } from './host-paths.ts';
import { listDisks } from './scsi-disks.ts';
import type { FcContext, FcTransport } from './transport.ts';
import { onlinePorts, possibleAddresses, survey } from './volume-on-host.ts';
import { ZfcpTransport } from './zfcp-transport.ts';

/** Attaches Fibre Channel volumes on a Linux host. The subclasses choose the driver. */
abstract class BaseFibreChannelConnector implements HostConnector {
  readonly #context: FcContext;
  readonly #options: HostConnectorContext;
  /** Serializes scans and removals, so that the scan for one volume does not disturb the removal of another. */
  readonly #turns = new Turns();

  constructor(options: HostConnectorContext, makeTransport: (context: Omit<FcContext, 'transport'>) => FcTransport) {
    const { system, log, useMultipath, enforceMultipath } = options;
    const ownLog = log.child({ component: 'host-connector' });
    const base = {
      system: loggedSystem(system, ownLog),
      log: ownLog,
      policies: { ...defaultHostPolicies, ...options.policies },
      useMultipath: useMultipath || enforceMultipath,
      enforceMultipath,
    };
    this.#options = options;
    this.#context = { ...base, transport: makeTransport(base) };
  }

  /** Lists online ports with their node names, which seventeen families of back ends require. */
  async getConnectorProperties(waiting: Waiting): Promise<Connector> {
    await this.#context.transport.prepare(waiting);
    const ports = await onlinePorts(this.#context);
    const { system, host, ip } = this.#options;
    return {
      host: host ?? system.hostname,
      wwpns: ports.map(({ initiatorWwpn }) => initiatorWwpn),
      wwnns: ports.map(({ wwnn, initiatorWwpn }) => wwnn ?? initiatorWwpn), // one WWNN for each WWPN, in the same order
      platform: system.platform,
      os_type: 'linux',
      multipath: this.#context.useMultipath,
      enforce_multipath: this.#context.enforceMultipath,
      do_local_attach: false,
      ...(ip === undefined ? {} : { ip }),
    };
  }

  async connectVolume(connectionInfo: ConnectionInfo, options: ConnectOptions): Promise<DeviceInfo> {
    const connection = this.#parse(connectionInfo);
    warnOfUnsupportedKeys(this.#context.log, connection, ['enforce_multipath']);
    const work = async () => await attach(this.#context, connection, options);
    const failed = 'the volume could not be attached to this host';
    return await this.#inTurn(options, work, (cause) => new HostAttachError(failed, {}, { cause }));
  }

  async disconnectVolume(
    connectionInfo: ConnectionInfo,
    deviceInfo: DeviceInfo | undefined,
    options: DisconnectOptions,
  ): Promise<void> {
    const connection = this.#parse(connectionInfo);
    const work = async () => await detach(this.#context, connection, deviceInfo, options);
    const left = deviceInfo === undefined ? [] : [deviceInfo.path];
    const failed = `the volume could not be removed from this host${left.map((path) => ` (${path})`).join('')}`;
    await this.#inTurn(options, work, (cause) => new HostDetachError(failed, left, { cause }));
  }

  async extendVolume(connectionInfo: ConnectionInfo, options: ExtendOptions): Promise<number> {
    const connection = this.#parse(connectionInfo);
    const work = async () => await extend(this.#context, connection, options);
    const failed = 'this host could not use the new size of the volume';
    return await this.#inTurn(options, work, (cause) => new HostAttachError(failed, {}, { cause }));
  }

  async getVolumePaths(connectionInfo: ConnectionInfo, { signal }: Waiting): Promise<readonly HostPath[]> {
    signal.throwIfAborted();
    const addresses = await possibleAddresses(this.#context, this.#parse(connectionInfo));
    const { disks } = await survey(this.#context, addresses);
    return await toHostPaths(this.#context, disks);
  }

  getSearchPath(): string {
    return BY_PATH;
  }

  async getAllVolumes({ signal }: Waiting): Promise<readonly HostPath[]> {
    signal.throwIfAborted();
    const ports = await this.#context.transport.listPorts();
    return await toHostPaths(this.#context, await listDisks(this.#context.system, ports));
  }

  #parse(connectionInfo: ConnectionInfo): FcConnection {
    const { transport } = this.#context;
    return parseFcConnection(connectionInfo, (value, mode) => transport.lunOf(value, mode));
  }

  /** Wraps errors of kernel and tools. Typed errors and the reason of the caller's signal are thrown unchanged. */
  async #inTurn<T>({ signal }: Waiting, work: () => Promise<T>, wrap: (cause: unknown) => DpmError): Promise<T> {
    try {
      return await this.#turns.take(signal, work);
    } catch (error) {
      if (error instanceof DpmError) throw error; // checked before the signal, because it may name devices left behind
      signal.throwIfAborted();
      throw wrap(error);
    }
  }
}

/** Fibre Channel on s390x: FCP devices of the zfcp driver. @public */
export class ZfcpConnector extends BaseFibreChannelConnector {
  constructor(options: HostConnectorContext) {
    super(options, (context) => new ZfcpTransport({ ...context, fcpDevices: options.fcpDevices ?? [] }));
  }
}

/** Fibre Channel on every other platform. @public */
export class FibreChannelConnector extends BaseFibreChannelConnector {
  constructor(options: HostConnectorContext) {
    super(options, ({ system }) => new GenericTransport(system));
  }
}
