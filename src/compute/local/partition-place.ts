import { ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { Connector } from '../../cinder-client/index.ts';
import type { PartitionVolumes } from '../../virt/index.ts';
import type { AttachPlace, PlaceWaiting } from './place.ts';
import { isSamePlace } from './records.ts';
import type { LocalVolume, LocalVolumeChange, LocalVolumeStore } from './records.ts';

/** Attaches volumes to a partition through its HMC. */
export class PartitionPlace implements AttachPlace {
  readonly #partitions: PartitionVolumes;
  readonly #store: LocalVolumeStore;
  readonly #partition: { readonly uri: string; readonly name: string };

  constructor(partitions: PartitionVolumes, store: LocalVolumeStore, partition: { uri: string; name: string }) {
    this.#partitions = partitions;
    this.#store = store;
    this.#partition = partition;
  }

  async prepare(volume: LocalVolume, save: (change: LocalVolumeChange) => void, w: PlaceWaiting): Promise<void> {
    if (!volume.madePorts) {
      if (await this.#partitions.hasPorts(this.#partition, w)) return;
      save({ madePorts: true }); // before they exist: after a crash they must be found again
    }
    w.progress?.('creating the ports of the partition');
    await this.#partitions.makePorts(this.#partition, volume, w);
  }

  async giveBack(volume: LocalVolume, w: PlaceWaiting): Promise<void> {
    if (!volume.madePorts) return;
    const isHeir = ({ volumeId, place }: LocalVolume) =>
      volumeId !== volume.volumeId && isSamePlace(place, volume.place);
    const heir = this.#store.list().find(isHeir);
    // The last volume of the partition takes the ports with it.
    if (heir !== undefined) this.#store.update(heir, { madePorts: true });
    else await this.#partitions.removePorts(this.#partition, w);
    this.#store.update(volume, { madePorts: false });
  }

  async connector({ multipath, enforceMultipath }: LocalVolume, w: Waiting): Promise<Connector> {
    const connector = await this.#partitions.connector(this.#partition, w);
    return { ...connector, multipath, enforce_multipath: enforceMultipath };
  }

  async connect(volume: LocalVolume, w: PlaceWaiting): Promise<LocalVolumeChange> {
    const { connectionInfo, name } = volume;
    if (connectionInfo === null) throw new ConflictError(`volume "${name}" is not mapped to the partition`);
    await this.#partitions.connect(this.#partition, volume, connectionInfo, w);
    return {};
  }

  async disconnect(volume: LocalVolume, _force: boolean, w: PlaceWaiting): Promise<void> {
    const { connectionInfo } = volume;
    if (connectionInfo !== null) await this.#partitions.disconnect(this.#partition, volume, connectionInfo, w);
  }

  mount(): Promise<void> {
    return Promise.resolve(); // the guest mounts its own volumes
  }

  unmount(): Promise<boolean> {
    return Promise.resolve(false);
  }

  /** Does nothing: the HMC cannot see the devices of a guest, and the guest removes them itself. */
  clear(): Promise<void> {
    return Promise.resolve();
  }

  async remains({ volumeId }: LocalVolume, w: Waiting): Promise<readonly string[]> {
    return await this.#partitions.remains(this.#partition, volumeId, w);
  }
}
