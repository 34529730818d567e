import type { ConnectionInfo, DeviceInfo, HostConnector, HostSystem, Logger, Waiting } from 'nova-dpm';
import { pino } from 'pino';
import { must, shown } from './check.ts';
import type { HostConnectorSubject, HostConnectorTrial, MakeHostConnector } from './connector-subject.ts';

/**
 * How a write or a command fails: before it takes effect; after it took effect; it and all later ones; or it never
 * answers until its signal is aborted.
 */
export type HostFault = 'before' | 'after' | 'from then on' | 'silent';

/** The error of an operation that a check made fail. */
class RehearsedFault extends Error {
  readonly code = 'EIO';
}

/**
 * Counts the writes and commands of a host, and makes one of them fail on request. Passes everything else to the host.
 */
export class FaultySystem {
  /** The system for the host connector under test. */
  readonly system: HostSystem;
  #count = 0;
  #planned: { readonly at: number; readonly fault: HostFault } | undefined;
  #onSilence = (): void => undefined;
  /** Ends silent operations when a check is over. */
  readonly #end = new AbortController();

  constructor(real: HostSystem) {
    const replaced: Partial<HostSystem> = {
      write: async (path, text, waiting) =>
        await this.#perform(`write ${path}`, waiting, async () => await real.write(path, text, waiting)),
      run: async (command, args, options) =>
        await this.#perform(command, options, async () => await real.run(command, args, options)),
    };
    // A third party's host may have more methods, and private fields, which need the original object.
    this.system = new Proxy(real, {
      get: (target, name) => {
        const own: unknown = Reflect.get(replaced, name) ?? Reflect.get(target, name);
        return typeof own === 'function' ? (own.bind(target) as unknown) : own; // has no effect on an arrow function
      },
    });
  }

  /** Operations since the last {@link FaultySystem.plan} or {@link FaultySystem.mend}. */
  get count(): number {
    return this.#count;
  }

  /** Makes the n-th operation from now fail in this way; the first is 1. */
  plan(at: number, fault: HostFault): void {
    this.#count = 0;
    this.#planned = { at, fault };
  }

  /** Makes the n-th operation never answer. @returns when it has been called */
  async silenceAt(at: number): Promise<void> {
    this.plan(at, 'silent');
    await new Promise<void>((resolve) => {
      this.#onSilence = resolve;
    });
  }

  mend(): void {
    this.#count = 0;
    this.#planned = undefined;
  }

  /** Ends silent operations. */
  close(): void {
    this.#end.abort(new RehearsedFault('the check is over'));
  }

  async #perform<T>(what: string, { signal }: Waiting, work: () => Promise<T>): Promise<T> {
    this.#count += 1;
    const { at = Number.NaN, fault } = this.#planned ?? {};
    const isDue = fault === 'from then on' ? this.#count >= at : this.#count === at;
    if (!isDue) return await work();
    if (fault === 'silent') return await this.#silence(signal);
    const result = fault === 'after' ? await work() : undefined;
    throw new RehearsedFault(`${what} failed${result === undefined ? '' : ' after it took effect'}`);
  }

  async #silence(signal: AbortSignal | undefined): Promise<never> {
    const given = new Promise<never>((_resolve, reject) => {
      for (const each of [signal, this.#end.signal]) {
        each?.addEventListener('abort', () => reject(each.reason as Error), { once: true }); // the checks abort with an Error
      }
    });
    this.#onSilence();
    return await given;
  }
}

/** A host with a volume, and a host connector with its own log. Each check uses a new one, and restores the host. */
export class HostRehearsal implements AsyncDisposable {
  readonly subject: HostConnectorSubject;
  readonly faults: FaultySystem;
  readonly connector: HostConnector;
  readonly waiting: Waiting = { signal: new AbortController().signal };
  readonly #make: MakeHostConnector;
  readonly #before: string;
  readonly #logged: string[] = [];

  constructor({ make, prepare }: HostConnectorTrial) {
    this.subject = prepare();
    this.faults = new FaultySystem(this.subject.context.system);
    this.#make = make;
    this.#before = shown(this.subject.snapshot());
    this.connector = this.another();
  }

  /** Returns a new host connector, as in another process: it shares no memory with the first one. */
  another(): HostConnector {
    const log: Logger = pino({ level: 'trace' }, { write: (line) => void this.#logged.push(line) });
    return this.#make({ ...this.subject.context, system: this.faults.system, log });
  }

  get logged(): string {
    return this.#logged.join('');
  }

  /** Returns the state of the host, for a later comparison. */
  get state(): string {
    return shown(this.subject.snapshot());
  }

  get info(): ConnectionInfo {
    return this.subject.connectionInfo;
  }

  /** Connects the volume, and checks that the snapshot changed. @returns the device_info */
  async connect(connector = this.connector): Promise<DeviceInfo> {
    const device = await connector.connectVolume(this.info, this.waiting);
    must(this.state !== this.#before, 'the snapshot does not show that the volume is connected');
    return device;
  }

  /** Disconnects the volume by a new host connector. */
  async disconnect(device: DeviceInfo | undefined): Promise<void> {
    await this.another().disconnectVolume(this.info, device, this.waiting);
  }

  isAsBefore(): boolean {
    return this.state === this.#before;
  }

  mustBeAsBefore(after: string): void {
    must(this.isAsBefore(), `${after} left the host changed: ${this.state}, expected ${this.#before}`);
  }

  /** Restores the host for the next check. Devices that are still left are the defect that the check has reported. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.faults.close();
    this.faults.mend();
    if (!this.isAsBefore()) await this.disconnect(undefined).catch(() => undefined);
  }
}
