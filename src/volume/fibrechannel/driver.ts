import type { Waiting } from '../../base/index.ts';
import type { ConnectionInfo } from '../../cinder-client/index.ts';
import type { ConnectedVolume, VolumePath } from '../../partition/index.ts';
import type { VolumeDriver, VolumeDriverContext, VolumeInstance, VolumeOptions } from '../volume-driver.ts';
import { parseFcConnection } from './connection-info.ts';
import type { FcConnection } from './connection-info.ts';
import { loginHint } from './login-hint.ts';
import { selectPaths } from './paths.ts';
import type { FcPath, PathSelection } from './paths.ts';
import { warnOfUnsupportedKeys } from './unsupported-keys.ts';

const readOnlyAdvice = 'the volume is read-only, but the HMC cannot enforce this: mount it read-only in the guest';

/** The built-in driver for `fibre_channel`: Cinder back ends that map FCP LUNs to the partition's WWPNs. */
export class FibreChannelVolumeDriver implements VolumeDriver {
  /**
   * True, because no volume has HMC objects of its own that outlive the instance: a destroy deletes the vHBAs, or the storage
   * group with its storage volumes.
   */
  readonly goesWithPartition = true;
  readonly #context: VolumeDriverContext;

  constructor(context: VolumeDriverContext) {
    this.#context = context;
  }

  async connectVolume(
    connectionInfo: ConnectionInfo,
    instance: VolumeInstance,
    options: VolumeOptions,
  ): Promise<ConnectedVolume> {
    const connection = parseFcConnection(connectionInfo, undefined, options.volumeId);
    const selection = this.#select(connection, instance);
    this.#logWarnings(connection, selection, options);
    const { volumeId, sizeGib, isBoot } = options;
    const volume = {
      ...{ volumeId, sizeGib, isBoot },
      paths: withDevices(selection.paths, instance),
      naa: connection.naa ?? null,
      storageVolumeUri: null,
      pathReason: selection.reason,
      hint: loginHint(connectionInfo, connection, wwpnsOf(instance)),
    };
    const [connected] = await this.#context.storage.expose(instance, [volume], options);
    if (connected === undefined) throw new Error('expose returned no volume'); // cannot happen: one volume was passed
    return connected;
  }

  async disconnectVolume(
    _connectionInfo: ConnectionInfo,
    instance: VolumeInstance,
    options: VolumeOptions,
  ): Promise<void> {
    await this.#conceal(instance, options);
  }

  /** Rolls back a connect that failed at any point. Like a disconnect, uses only the ID of the volume. */
  async rollback(_connectionInfo: ConnectionInfo, instance: VolumeInstance, options: VolumeOptions): Promise<void> {
    await this.#conceal(instance, options);
  }

  async getVolumePaths(connectionInfo: ConnectionInfo, instance: VolumeInstance): Promise<readonly VolumePath[]> {
    const { paths } = this.#select(parseFcConnection(connectionInfo), instance);
    return withDevices(paths, instance);
  }

  getSearchPath(instance: VolumeInstance | undefined): string {
    return instance?.partition.uri ?? '/api/partitions';
  }

  /** Returns one line for each path, so a volume with several paths has several lines. */
  async getAllVolumes(instance: VolumeInstance, options: Waiting): Promise<readonly string[]> {
    const { inspection } = this.#context.storage;
    const known = await inspection.listPaths(instance, instance.partition, instance.initiators, options);
    return known.map(({ volumeId, initiatorWwpn, targetWwpn, lun, deviceNumber }) =>
      [deviceNumber ?? '----', initiatorWwpn, targetWwpn, lun, volumeId ?? '-'].join(' '),
    );
  }

  async #conceal(instance: VolumeInstance, options: VolumeOptions): Promise<void> {
    if (options.isTeardown === true) return; // the caller deletes the vHBAs or the storage group, or parks the partition
    await this.#context.storage.conceal(instance, [{ volumeId: options.volumeId }], options);
  }

  #select(connection: FcConnection, instance: VolumeInstance): PathSelection {
    return selectPaths(connection, {
      initiators: wwpnsOf(instance),
      ignoredTargets: this.#context.ignoredTargets,
    });
  }

  #logWarnings(connection: FcConnection, selection: PathSelection, { volumeId }: VolumeOptions): void {
    const { log } = this.#context;
    for (const warning of connection.warnings)
      log.warn({ event: 'volume.connection', volumeId, warning }, 'unusual connection_info');
    warnOfUnsupportedKeys(log, connection);
    // vHBAs and storage volumes have no read-only attribute on the HMC. Only the array can refuse writes.
    if (connection.isReadOnly) log.warn({ event: 'volume.read-only', volumeId }, readOnlyAdvice);
    for (const { initiatorWwpn, targetWwpn, reason } of selection.excluded) {
      log.warn({ event: 'volume.path-excluded', volumeId, initiatorWwpn, targetWwpn, reason }, 'path not used');
    }
  }
}

function wwpnsOf({ initiators }: VolumeInstance) {
  return initiators.map(({ wwpn }) => wwpn);
}

/** Adds to each path the device number of its initiator in the guest. */
function withDevices(paths: readonly FcPath[], { initiators }: VolumeInstance): VolumePath[] {
  const deviceOf = new Map(initiators.map(({ wwpn, deviceNumber }) => [wwpn, deviceNumber]));
  return paths.map((path) => ({ ...path, deviceNumber: deviceOf.get(path.initiatorWwpn) ?? null }));
}
