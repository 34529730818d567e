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

/** Creates the volume driver under test from a context. @public */
export type MakeVolumeDriver = (context: VolumeDriverContext) => VolumeDriver;

/** A WWPN of the form that DPM assigns to vHBAs. */
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

/** How a method of the storage fails: before it takes effect, after it took effect, or it never answers. */
export type StorageFault = 'before' | 'after' | 'silent';
type StorageMethod = 'expose' | 'conceal';

/** The error of a failed storage, like that of an HMC whose answer is lost. */
class RehearsedFault extends DpmError {
  readonly code = 'HMC_CONNECTION';
}

/**
 * The part of {@link PartitionStorage} that volume drivers use, with volumes in memory. As strict as a machine; fails
 * on request.
 */
export class RehearsalStorage {
  readonly model = 'storage-group';
  readonly #volumes = new Map<string, ConnectedVolume>();
  readonly #faults = new Map<StorageMethod, StorageFault>();
  #onSilence = (): void => undefined;

  /** Makes the next call of this method fail in this way; later calls succeed. */
  failNext(method: StorageMethod, fault: StorageFault): void {
    this.#faults.set(method, fault);
  }

  /** Makes the next call of this method never answer. @returns when it has been called */
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

  /** Returns the paths that the machine knows. Changes nothing. */
  readonly inspection = {
    listPaths: async () =>
      this.snapshot().flatMap(({ volumeId, paths }) => paths.map((path) => ({ volumeId, ...path }))),
  };

  #expose(ports: readonly Initiator[], volume: ConnectedVolume): ConnectedVolume {
    const { volumeId, paths } = volume;
    must(paths.length > 0, `volume ${volumeId} was exposed without a path`);
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
    if (fault === 'before') throw new RehearsedFault(`${method} of the storage failed before it took effect`);
    const result = work();
    if (fault === 'after') throw new RehearsedFault(`${method} of the storage took effect, and its answer was lost`);
    return result;
  }

  /** Ends only when the caller's signal is aborted. */
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

/** A volume driver with its own storage and log. Each check uses a new one, so that checks are independent. */
export class Rehearsal {
  readonly storage = new RehearsalStorage();
  readonly driver: VolumeDriver;
  readonly #make: MakeVolumeDriver;
  readonly #context: VolumeDriverContext;
  readonly #logged: string[] = [];

  constructor(make: MakeVolumeDriver, ignoredTargets: readonly Wwpn[] = []) {
    const log: Logger = pino({ level: 'trace' }, { write: (line) => void this.#logged.push(line) });
    // A volume driver must not call other methods of the storage: such a call fails with the name of the method.
    const storage = this.storage as unknown as PartitionStorage;
    this.#make = make;
    this.#context = { log, storage, ignoredTargets: new Set(ignoredTargets) };
    this.driver = this.another();
  }

  get logged(): string {
    return this.#logged.join('');
  }

  /** Returns a new driver, as in another process: it shares no memory with the first one. */
  another(): VolumeDriver {
    return this.#make(this.#context);
  }
}

/** The options of a volume: the same for every call, except the signal. */
export function optionsOf(volumeId: string, signal: AbortSignal): VolumeOptions {
  return { volumeId, sizeGib: 10, isBoot: true, signal };
}
