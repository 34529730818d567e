import { DpmError, parseWwpn } from 'nova-dpm';
import type {
  ConnectedVolume,
  Initiator,
  Logger,
  PartitionStorage,
  VolumeDriver,
  VolumeDriverContext,
  VolumeInstance,
  VolumeOptions,
  Wwpn,
} from 'nova-dpm';
import { pino } from 'pino';
import { must } from './check.ts';

/** Makes the driver under test, as its users do: with the context that they give it. @public */
export type MakeVolumeDriver = (context: VolumeDriverContext) => VolumeDriver;

/** Of the form that DPM gives to vHBAs. */
const initiators: readonly Initiator[] = [
  ['c05076d3a1005b20', '8000'],
  ['c05076d3a1005b24', '8001'],
].map(([digits = '', deviceNumber = '']) => {
  const wwpn = parseWwpn(digits);
  if (wwpn === undefined) throw new Error(`${digits} is no WWPN`);
  const elementUri = `/api/partitions/conformance/hbas/${deviceNumber}`;
  return { wwpn, deviceNumber, elementUri, adapterPortUri: `/api/adapters/${deviceNumber}/storage-ports/0` };
});

/** The instance for which the checks connect volumes: its two ports are the initiators of the samples' connection_info. @public */
export const conformanceInstance: VolumeInstance = {
  host: 'conformance',
  instanceUuid: '7a3d1f52-58c0-4c39-9d1e-6c1e7f0a2b11',
  partition: { uri: '/api/partitions/conformance', name: 'OpenStack-conformance-7a3d1f52-58c0-4c39-9d1e-6c1e7f0a2b11' },
  initiators,
};

/** How a method of the storage fails: before it has done anything, after it has done all, or by not answering. */
export type StorageFault = 'before' | 'after' | 'silent';
type StorageMethod = 'expose' | 'conceal';

/** What a storage that fails throws, as an HMC whose answer is lost. */
class RehearsedFault extends DpmError {
  readonly code = 'HMC_CONNECTION';
}

/**
 * What of {@link PartitionStorage} is a volume driver's business: volumes in memory, as strict as a machine, with faults
 * to order.
 */
export class RehearsalStorage {
  readonly model = 'storage-group';
  readonly #volumes = new Map<string, ConnectedVolume>();
  readonly #faults = new Map<StorageMethod, StorageFault>();
  #onSilence = (): void => undefined;

  /** The next call of this method fails so; the ones after it do not. */
  failNext(method: StorageMethod, fault: StorageFault): void {
    this.#faults.set(method, fault);
  }

  /** The next call of this method does not answer. @returns when it has been called */
  async silenceOf(method: StorageMethod): Promise<void> {
    this.failNext(method, 'silent');
    await new Promise<void>((resolve) => {
      this.#onSilence = resolve;
    });
  }

  snapshot(): readonly ConnectedVolume[] {
    return [...this.#volumes.values()].toSorted((a, b) => (a.volumeId < b.volumeId ? -1 : 1));
  }

  readonly expose: PartitionStorage['expose'] = async (target, requests, { signal }) =>
    await this.#withFault('expose', signal, () => requests.map((request) => this.#expose(target.initiators, request)));

  readonly conceal: PartitionStorage['conceal'] = async (_owner, volumes, { signal }) => {
    await this.#withFault('conceal', signal, () => {
      for (const { volumeId } of volumes) this.#volumes.delete(volumeId);
    });
  };

  /** Changes nothing: what the machine itself knows of the paths. */
  readonly inspection = {
    known: async () => this.snapshot().flatMap(({ volumeId, paths }) => paths.map((path) => ({ volumeId, ...path }))),
  };

  #expose(ports: readonly Initiator[], volume: ConnectedVolume): ConnectedVolume {
    const { volumeId, paths } = volume;
    must(paths.length > 0, `volume ${volumeId} was given to the storage without a path`);
    const foreign = paths.find((path) => ports.every(({ wwpn }) => wwpn !== path.initiatorWwpn));
    must(foreign === undefined, `a path begins at ${foreign?.initiatorWwpn ?? ''}, which is no port of the instance`);
    const known = paths.map((path) => ({ ...path, deviceNumber: deviceOf(ports, path.initiatorWwpn) }));
    const storageVolumeUri = `/api/storage-groups/conformance/storage-volumes/${volumeId}`;
    const exposed = { ...volume, paths: known, storageVolumeUri };
    this.#volumes.set(volumeId, exposed);
    return exposed;
  }

  async #withFault<T>(method: StorageMethod, signal: AbortSignal, work: () => T): Promise<T> {
    signal.throwIfAborted();
    const fault = this.#faults.get(method);
    this.#faults.delete(method);
    if (fault === 'silent') await this.#silence(signal);
    if (fault === 'before') throw new RehearsedFault(`${method} of the storage failed before it did anything`);
    const result = work();
    if (fault === 'after') throw new RehearsedFault(`${method} of the storage was done, and its answer was lost`);
    return result;
  }

  /** Ends when the caller gives up, and only then. */
  async #silence(signal: AbortSignal): Promise<never> {
    const given = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }); // the checks abort with an Error
    });
    this.#onSilence();
    return await given;
  }
}

function deviceOf(ports: readonly Initiator[], wwpn: Wwpn): string | null {
  return ports.find((port) => port.wwpn === wwpn)?.deviceNumber ?? null;
}

/** A driver with a storage and a log of its own: each check begins with a new one, so that none depends on another. */
export class Rehearsal {
  readonly storage = new RehearsalStorage();
  readonly driver: VolumeDriver;
  readonly #make: MakeVolumeDriver;
  readonly #context: VolumeDriverContext;
  readonly #logged: string[] = [];

  constructor(make: MakeVolumeDriver, ignoredTargets: readonly Wwpn[] = []) {
    const log: Logger = pino({ level: 'trace' }, { write: (line) => void this.#logged.push(line) });
    // The other methods of a storage are no volume driver's business: one that calls them fails, and is told which.
    const storage = this.storage as unknown as PartitionStorage;
    this.#make = make;
    this.#context = { log, storage, ignoredTargets: new Set(ignoredTargets) };
    this.driver = this.another();
  }

  get logged(): string {
    return this.#logged.join('');
  }

  /** The same driver as another process has it: it knows nothing of what the first one did. */
  another(): VolumeDriver {
    return this.#make(this.#context);
  }
}

/** The options of a volume; the same for every call for it, but for the signal. */
export function optionsOf(volumeId: string, signal: AbortSignal): VolumeOptions {
  return { volumeId, sizeGib: 10, isBoot: true, signal };
}
