import { selectPaths } from 'nova-dpm';
import type {
  ConnectedVolume,
  ConnectionInfo,
  VolumeDriver,
  VolumeDriverContext,
  VolumeInstance,
  VolumeOptions,
  VolumePath,
  Waiting,
  Wwpn,
} from 'nova-dpm';
import { parseAluaConnection } from './connection-info.ts';
import type { AluaConnection } from './connection-info.ts';

type FcPath = Pick<VolumePath, 'initiatorWwpn' | 'targetWwpn' | 'lun'>;

/**
 * A volume driver for `fibre_channel_alua`: a partition boots over the controller that owns the volume.
 *
 * ```ini
 * [dpm]
 * volume_drivers = fibre_channel_alua=site-volumes#AluaVolumeDriver
 * ```
 *
 * It has no state in memory, because after a crash another process resumes the flow with a new driver.
 */
export class AluaVolumeDriver implements VolumeDriver {
  readonly #context: VolumeDriverContext;

  constructor(context: VolumeDriverContext) {
    this.#context = context;
  }

  async connectVolume(
    info: ConnectionInfo,
    instance: VolumeInstance,
    options: VolumeOptions,
  ): Promise<ConnectedVolume> {
    const connection = parseAluaConnection(info);
    const paths = this.#paths(connection, instance);
    const { volumeId, sizeGib, isBoot } = options;
    const volume: ConnectedVolume = {
      ...{ volumeId, sizeGib, isBoot, naa: connection.naa ?? null, storageVolumeUri: null },
      paths: withDevices(paths, instance),
      pathReason: reasonFor(paths, connection),
    };
    // On machines with storage groups, this call gives the LUN to the partition. Pass `options` on: it contains the
    // signal.
    const [connected] = await this.#context.storage.expose(instance, [volume], options);
    if (connected === undefined) throw new Error('expose returned no volume'); // cannot happen: one volume was passed
    this.#context.log.debug({ event: 'alua.connected', volumeId, paths: paths.length }, 'volume connected');
    return connected;
  }

  async disconnectVolume(_info: ConnectionInfo, instance: VolumeInstance, options: VolumeOptions): Promise<void> {
    await this.#conceal(instance, options);
  }

  /**
   * Does not call `disconnectVolume`. If that method refuses (because the volume is in use, for example), the rollback
   * of a failed connect must still work. Does not read connection_info, which may be the one that the connect refused.
   */
  async rollback(_info: ConnectionInfo, instance: VolumeInstance, options: VolumeOptions): Promise<void> {
    await this.#conceal(instance, options);
  }

  async getVolumePaths(info: ConnectionInfo, instance: VolumeInstance): Promise<readonly VolumePath[]> {
    return withDevices(this.#paths(parseAluaConnection(info), instance), instance);
  }

  getSearchPath(instance: VolumeInstance | undefined): string {
    return instance?.partition.uri ?? '/api/partitions';
  }

  async getAllVolumes(instance: VolumeInstance, options: Waiting): Promise<readonly string[]> {
    const { inspection } = this.#context.storage;
    const known = await inspection.listPaths(instance, instance.partition, instance.initiators, options);
    return known.map(({ volumeId, initiatorWwpn, targetWwpn, lun }) =>
      [initiatorWwpn, targetWwpn, lun, volumeId ?? 'of nobody known'].join(' '),
    );
  }

  async #conceal(instance: VolumeInstance, options: VolumeOptions): Promise<void> {
    if (options.isTeardown === true) return; // it is deleted with the storage of the instance
    await this.#context.storage.conceal(instance, [{ volumeId: options.volumeId }], options);
  }

  /** @throws NoUsableTargetError with the reason for each path that is not used */
  #paths(connection: AluaConnection, instance: VolumeInstance): readonly FcPath[] {
    const { paths, excluded } = selectPaths(connection, {
      initiators: instance.initiators.map(({ wwpn }) => wwpn),
      ignoredTargets: this.#context.ignoredTargets,
    });
    for (const { initiatorWwpn, targetWwpn, reason } of excluded) {
      this.#context.log.debug({ event: 'alua.excluded', initiatorWwpn, targetWwpn, reason }, 'path not used');
    }
    return optimizedFirst(paths, connection.optimizedTargets);
  }
}

/**
 * Alternates between the ports, beginning with the preferred one. Each port begins with the controller that owns the
 * volume.
 */
function optimizedFirst(paths: readonly FcPath[], optimized: ReadonlySet<Wwpn>): readonly FcPath[] {
  const isOther = ({ targetWwpn }: FcPath) => Number(!optimized.has(targetWwpn));
  const ports = [...new Set(paths.map(({ initiatorWwpn }) => initiatorWwpn))];
  const turns = ports.flatMap((port) =>
    paths
      .filter(({ initiatorWwpn }) => initiatorWwpn === port)
      .toSorted((a, b) => isOther(a) - isOther(b))
      .map((path, turn) => ({ path, turn })),
  );
  return turns.toSorted((a, b) => a.turn - b.turn).map(({ path }) => path);
}

function reasonFor([first]: readonly FcPath[], { optimizedTargets }: AluaConnection): string {
  if (first === undefined) return 'there is no path';
  const what = optimizedTargets.has(first.targetWwpn)
    ? 'of the controller that owns the volume'
    : 'of the other controller';
  return `initiator ${first.initiatorWwpn} is the first port with a path; target ${first.targetWwpn} is ${what}`;
}

/** The device number identifies the port in the guest. */
function withDevices(paths: readonly FcPath[], { initiators }: VolumeInstance): VolumePath[] {
  const deviceOf = new Map(initiators.map(({ wwpn, deviceNumber }) => [wwpn, deviceNumber]));
  return paths.map((path) => ({ ...path, deviceNumber: deviceOf.get(path.initiatorWwpn) ?? null }));
}
