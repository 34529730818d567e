import { DpmError } from '../../../base/index.ts';
import type { Waiting } from '../../../base/index.ts';
import type { ConnectionInfo, Connector } from '../../../cinder-client/index.ts';
import { parseFcConnection } from '../../index.ts';
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
import type { FcContext } from './fc-context.ts';
import { GenericTransport } from './generic-transport.ts';
import { toHostPaths } from './host-paths.ts';
import { listDisks } from './scsi-disks.ts';
import type { FcTransport } from './transport.ts';
import { onlinePorts, possibleAddresses, survey } from './volume-on-host.ts';
import { ZfcpTransport } from './zfcp-transport.ts';

/** Fibre Channel volumes on a Linux host; the subclasses say which driver's. */
abstract class BaseFibreChannelConnector implements HostConnector {
  readonly #context: FcContext;
  readonly #options: HostConnectorContext;
  /** A scan for one volume must not run into the removal of another. */
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

  /** Ports that are online, with their node names: seventeen families of back ends refuse a connector without. */
  async getConnectorProperties(waiting: Waiting): Promise<Connector> {
    await this.#context.transport.prepare(waiting);
    const ports = await onlinePorts(this.#context);
    const { system, host, ip } = this.#options;
    return {
      host: host ?? system.hostname,
      wwpns: ports.map(({ initiatorWwpn }) => initiatorWwpn),
      wwnns: ports.map(({ wwnn, initiatorWwpn }) => wwnn ?? initiatorWwpn), // in pairs: one each, in the same order
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
    const work = async () => await attach(this.#context, connection, options);
    return await typed(this.#turns.take(options.signal, work), options, (cause) => {
      return new HostAttachError('the volume could not be attached to this host', {}, { cause });
    });
  }

  async disconnectVolume(
    connectionInfo: ConnectionInfo,
    deviceInfo: DeviceInfo | undefined,
    options: DisconnectOptions,
  ): Promise<void> {
    const connection = this.#parse(connectionInfo);
    const work = async () => {
      await detach(this.#context, connection, deviceInfo, options);
    };
    await typed(this.#turns.take(options.signal, work), options, (cause) => {
      const left = deviceInfo === undefined ? [] : [deviceInfo.path];
      const shown = left.length === 0 ? '' : ` (${left.join(', ')})`;
      return new HostDetachError(`the volume could not be taken off this host${shown}`, left, { cause });
    });
  }

  async extendVolume(connectionInfo: ConnectionInfo, options: ExtendOptions): Promise<number> {
    const connection = this.#parse(connectionInfo);
    const work = async () => await extend(this.#context, connection, options);
    return await typed(this.#turns.take(options.signal, work), options, (cause) => {
      return new HostAttachError('the host could not be told of the new size of the volume', {}, { cause });
    });
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
}

/** What kernel and tools throw gets a code of ours; what has one, and the reason of the caller's signal, stays as it is. */
async function typed<T>(work: Promise<T>, { signal }: Waiting, wrap: (cause: unknown) => DpmError): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DpmError) throw error; // it may name what is left behind, whatever the signal says
    signal.throwIfAborted();
    throw wrap(error);
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
