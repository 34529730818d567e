import { FibreChannelConnector, ZfcpConnector } from 'nova-dpm';
import type {
  ConnectionInfo,
  Connector,
  ConnectOptions,
  DeviceInfo,
  DisconnectOptions,
  ExtendOptions,
  HostConnector,
  HostConnectorContext,
  HostPath,
  Waiting,
} from 'nova-dpm';
import { asFibreChannel } from './connection-info.ts';

/**
 * A host connector for `fibre_channel_alua`: attaches the volumes of the example's array to the Linux host. The kernel
 * handles them like other Fibre Channel volumes, and the multipath tools ask the array which controller to prefer
 * (`prio alua`). The host connector therefore only translates the name of the protocol.
 *
 * ```ini
 * [dpm]
 * host_connectors = fibre_channel_alua=site-volumes#AluaHostConnector
 * ```
 */
export class AluaHostConnector implements HostConnector {
  readonly #fibreChannel: HostConnector;

  constructor(context: HostConnectorContext) {
    const isZ = context.system.platform.startsWith('s390');
    this.#fibreChannel = isZ ? new ZfcpConnector(context) : new FibreChannelConnector(context);
  }

  async getConnectorProperties(waiting: Waiting): Promise<Connector> {
    return await this.#fibreChannel.getConnectorProperties(waiting);
  }

  async connectVolume(info: ConnectionInfo, options: ConnectOptions): Promise<DeviceInfo> {
    return await this.#fibreChannel.connectVolume(asFibreChannel(info), options);
  }

  async disconnectVolume(
    info: ConnectionInfo,
    device: DeviceInfo | undefined,
    options: DisconnectOptions,
  ): Promise<void> {
    await this.#fibreChannel.disconnectVolume(asFibreChannel(info), device, options);
  }

  async extendVolume(info: ConnectionInfo, options: ExtendOptions): Promise<number> {
    return await this.#fibreChannel.extendVolume(asFibreChannel(info), options);
  }

  async getVolumePaths(info: ConnectionInfo, waiting: Waiting): Promise<readonly HostPath[]> {
    return await this.#fibreChannel.getVolumePaths(asFibreChannel(info), waiting);
  }

  getSearchPath(): string {
    return this.#fibreChannel.getSearchPath();
  }

  async getAllVolumes(waiting: Waiting): Promise<readonly HostPath[]> {
    return await this.#fibreChannel.getAllVolumes(waiting);
  }
}
