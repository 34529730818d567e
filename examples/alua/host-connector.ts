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
 * A host connector for `fibre_channel_alua`: the volumes of the example's array on the Linux host itself. To the kernel they
 * are Fibre Channel volumes like others, and which controller to prefer the multipath tools learn from the array itself
 * (`prio alua`): what is left to do is to translate the name of the protocol.
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
