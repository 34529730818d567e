import type { ConnectionInfo, DeviceInfo, HostConnector, HostSystem, Logger, Waiting } from 'nova-dpm';
import { pino } from 'pino';
import { must, shown } from './check.ts';
import type { HostConnectorSubject, HostConnectorTrial, MakeHostConnector } from './connector-subject.ts';

/**
 * How a write or a command goes wrong: before it has done anything; after it has done all, when its answer is lost; it
 * and all that follow it; or by not answering until its signal fires.
 */
export type HostFault = 'before' | 'after' | 'from then on' | 'silent';

/** What the kernel says of an operation that went wrong. */
class RehearsedFault extends Error {
  readonly code = 'EIO';
}

/** Writes and commands of a host, counted, one of which goes wrong where a check wants it to. All else is the host's own. */
export class FaultySystem {
  /** What connectors are given. */
  readonly system: HostSystem;
  #count = 0;
  #planned: { readonly at: number; readonly fault: HostFault } | undefined;
  #onSilence = (): void => undefined;
  /** Ends what still does not answer when a check is over. */
  readonly #end = new AbortController();

  constructor(real: HostSystem) {
    const replaced: Partial<HostSystem> = {
      write: async (path, text, waiting) =>
        await this.#perform(`write ${path}`, waiting, async () => await real.write(path, text, waiting)),
      run: async (command, args, options) =>
        await this.#perform(command, options, async () => await real.run(command, args, options)),
    };
    // A host of a third party's own may have more than the contract, and private fields: it stays itself for all of that.
    this.system = new Proxy(real, {
      get: (target, name) => {
        const own: unknown = Reflect.get(replaced, name) ?? Reflect.get(target, name);
        return typeof own === 'function' ? (own.bind(target) as unknown) : own; // an arrow function takes no notice
      },
    });
  }

  /** Operations since the last {@link FaultySystem.plan} or {@link FaultySystem.mend}. */
  get count(): number {
    return this.#count;
  }

  /** The operation of this number, counted from 1 and from now, goes wrong so. */
  plan(at: number, fault: HostFault): void {
    this.#count = 0;
    this.#planned = { at, fault };
  }

  /** The same with one that does not answer. @returns when it has been called */
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

  /** Nobody waits any longer. */
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
    throw new RehearsedFault(`${what} went wrong${result === undefined ? '' : ' after it was done'}`);
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

/** A host with a volume, and a connector with a log of its own: each check begins with a new one, and puts the host back. */
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

  /** The same connector as another process has it: it knows nothing of what the first one did. */
  another(): HostConnector {
    const log: Logger = pino({ level: 'trace' }, { write: (line) => void this.#logged.push(line) });
    return this.#make({ ...this.subject.context, system: this.faults.system, log });
  }

  get logged(): string {
    return this.#logged.join('');
  }

  /** For comparing later. */
  get state(): string {
    return shown(this.subject.snapshot());
  }

  get info(): ConnectionInfo {
    return this.subject.connectionInfo;
  }

  /** @returns what the connector gave, after a look at whether it did something */
  async connect(connector = this.connector): Promise<DeviceInfo> {
    const device = await connector.connectVolume(this.info, this.waiting);
    must(this.state !== this.#before, 'the snapshot does not show that the volume is connected');
    return device;
  }

  /** Puts the host back, by a connector that knows nothing, after something went wrong. */
  async disconnect(device: DeviceInfo | undefined): Promise<void> {
    await this.another().disconnectVolume(this.info, device, this.waiting);
  }

  isAsBefore(): boolean {
    return this.state === this.#before;
  }

  mustBeAsBefore(after: string): void {
    must(this.isAsBefore(), `${after} left the host changed: ${this.state}, before ${this.#before}`);
  }

  /** The host may be the next check's too. What is still there after this is what the check has found fault with. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.faults.close();
    this.faults.mend();
    if (!this.isAsBefore()) await this.disconnect(undefined).catch(() => undefined);
  }
}
