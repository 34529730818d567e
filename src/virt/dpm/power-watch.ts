import { describeError, sleep } from '../../base/index.ts';
import type { Logger } from '../../base/index.ts';
import type { HmcNotification, HmcSession } from '../../hmc-client/index.ts';
import { powerStateOf } from '../../partition/index.ts';
import type { PowerState } from '../../partition/index.ts';
import type { LifecycleEvent, LifecycleSource } from '../lifecycle.ts';
import type { DpmRuntime } from './runtime.ts';
import type { PowerWatchPolicy } from './settings.ts';

/** Nova's transition to each power state. `nostate` has none, because it is passed through or unknown. */
const transitions: Readonly<Partial<Record<PowerState, LifecycleEvent['transition']>>> = {
  running: 'started',
  shutdown: 'stopped',
  crashed: 'stopped', // as libvirt reports it. Source: nova virt/libvirt/host.py
};

interface Listed {
  readonly uri: string;
  readonly name: string;
  readonly status: string;
  readonly description: string;
}

/**
 * Watches the power states of the partitions, for as long as somebody listens. Reads all of them with one request, and then
 * follows the notifications of the HMC. Also reports the changes that the verbs of this driver cause: Nova ignores an event
 * while a task of the instance runs, and reads the state anew for each event. Source: nova compute/manager.py,
 * handle_lifecycle_event and _sync_instance_power_state.
 */
export class PowerWatch implements LifecycleSource, Disposable {
  readonly #hmc: HmcSession;
  readonly #policy: PowerWatchPolicy;
  readonly #log: Logger;
  readonly #end = new AbortController();
  readonly #listeners = new Set<(event: LifecycleEvent) => void>();
  readonly #resyncListeners = new Set<() => void>();
  readonly #partitions = new Map<string, Listed>();
  readonly #transitions = new Map<string, LifecycleEvent['transition']>();
  /** Statuses that were reported while the partitions were being read: the answer may be older. */
  readonly #reportedMeanwhile = new Map<string, string>();
  #started: { readonly runtime: DpmRuntime; readonly host: string } | undefined;
  #isRunning = false;
  /** Changes when notifications were or may have been lost, or a partition is new. */
  #epoch = 1;
  /** The epoch in which the partitions were read. */
  #readEpoch = 0;
  #mustTellResync = false;
  #wake = new AbortController();

  constructor(hmc: HmcSession, policy: PowerWatchPolicy, log: Logger) {
    this.#hmc = hmc;
    this.#policy = policy;
    this.#log = log;
  }

  /** Gives the CPC and the records. Watches from now on if there are listeners. */
  start(runtime: DpmRuntime, host: string): void {
    this.#started = { runtime, host };
    this.#run();
  }

  get isLive(): boolean {
    return this.#hmc.events.isLive;
  }

  onLifecycle(listener: (event: LifecycleEvent) => void): () => void {
    this.#listeners.add(listener);
    this.#run();
    return () => {
      this.#listeners.delete(listener);
    };
  }

  onResync(listener: () => void): () => void {
    this.#resyncListeners.add(listener);
    this.#run();
    return () => {
      this.#resyncListeners.delete(listener);
    };
  }

  /** Returns instance UUID → power state without a request; undefined unless it is certain that nothing was missed. */
  powerStates(): ReadonlyMap<string, PowerState> | undefined {
    if (this.#started === undefined || !this.#hmc.events.isLive || this.#readEpoch !== this.#epoch) return undefined;
    const { runtime, host } = this.#started;
    const partitions = [...this.#partitions.values()];
    const assigned = runtime.partitions.assignListed(host, partitions);
    if (assigned === undefined) return undefined;
    return new Map(
      partitions.flatMap(({ uri, status }) => {
        const of = assigned.get(uri);
        return of === undefined || of.isParked === true ? [] : [[of.instanceUuid, powerStateOf(status)] as const];
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.#wake.abort();
  }

  #run(): void {
    const hasListener = this.#listeners.size > 0 || this.#resyncListeners.size > 0;
    if (this.#isRunning || this.#started === undefined || !hasListener || this.#end.signal.aborted) return;
    this.#isRunning = true;
    const { events } = this.#hmc;
    events.onNotification((notification) => this.#hear(notification));
    events.onResync(() => {
      this.#mustTellResync = true;
      this.#readAgain();
    });
    events.onInterruption(() => this.#readAgain());
    events.open();
    void this.#readForEver(this.#started.runtime);
  }

  #readAgain(): void {
    this.#epoch += 1;
    this.#wake.abort();
  }

  async #readForEver(runtime: DpmRuntime): Promise<void> {
    const { signal } = this.#end;
    const { safetyNetMs, pollMs, gapMs } = this.#policy;
    let isFirst = true;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      try {
        await this.#read(runtime, isFirst);
        isFirst = false;
      } catch (error) {
        this.#log.debug({ event: 'power.unread', error: describeError(error) }, 'cannot read the power states');
      }
      await sleep(gapMs, signal).catch(() => undefined);
      const isCurrent = this.#readEpoch === this.#epoch && this.#hmc.events.isLive;
      await sleep(isCurrent ? safetyNetMs : pollMs, this.#wake.signal).catch(() => undefined);
    }
  }

  async #read({ hmc, cpc }: DpmRuntime, isFirst: boolean): Promise<void> {
    const epoch = this.#epoch;
    const mustTell = this.#mustTellResync;
    this.#mustTellResync = false;
    this.#reportedMeanwhile.clear();
    let listed: readonly Listed[];
    try {
      listed = await hmc.partitions.listDetailed(cpc.uri, {}, ['description'], { signal: this.#end.signal });
    } catch (error) {
      this.#mustTellResync ||= mustTell;
      throw error;
    }
    const uris = new Set(listed.map(({ uri }) => uri));
    for (const uri of this.#partitions.keys()) if (!uris.has(uri)) this.#remove(uri);
    for (const partition of listed) {
      const status = this.#reportedMeanwhile.get(partition.uri) ?? partition.status;
      this.#note({ ...partition, status }, isFirst);
    }
    this.#readEpoch = epoch;
    // The first read tells nothing: who listens from the start has missed nothing.
    if (mustTell && !isFirst) for (const listener of this.#resyncListeners) listener();
  }

  #hear(notification: HmcNotification): void {
    if (notification.kind === 'job-completion' || notification.class !== 'partition') return;
    const { uri } = notification;
    const known = this.#partitions.get(uri);
    switch (notification.kind) {
      case 'inventory-change':
        if (notification.action === 'remove') this.#remove(uri);
        else if (known === undefined) this.#readAgain();
        break;
      case 'status-change':
        if (notification.status === undefined) return;
        this.#reportedMeanwhile.set(uri, notification.status);
        if (known !== undefined) this.#note({ ...known, status: notification.status }, false);
        break;
      case 'property-change':
        if (known !== undefined) this.#partitions.set(uri, { ...known, ...textsOf(notification.values) });
    }
  }

  #remove(uri: string): void {
    this.#partitions.delete(uri);
    this.#transitions.delete(uri);
  }

  #note(partition: Listed, isFirst: boolean): void {
    const { uri, status } = partition;
    this.#partitions.set(uri, partition);
    const transition = transitions[powerStateOf(status)];
    if (transition === undefined || this.#transitions.get(uri) === transition) return;
    const isNew = !this.#transitions.has(uri);
    this.#transitions.set(uri, transition);
    // A new partition has not stopped.
    if (isFirst || (isNew && transition === 'stopped')) return;
    this.#tell(partition, transition);
  }

  #tell(partition: Listed, transition: LifecycleEvent['transition']): void {
    if (this.#started === undefined) return;
    const { runtime, host } = this.#started;
    const assigned = runtime.partitions.assign(host, [partition]).get(partition.uri);
    if (assigned === undefined || assigned.isParked === true) return;
    const event = { instanceUuid: assigned.instanceUuid, transition, at: new Date() };
    this.#log.info({ event: 'power.transition', instance: event.instanceUuid, transition }, 'the power state changed');
    for (const listener of this.#listeners) listener(event);
  }
}

/** Returns the new name and description, as far as they have changed. */
function textsOf(values: ReadonlyMap<string, unknown>): Partial<Pick<Listed, 'name' | 'description'>> {
  const [name, description] = [values.get('name'), values.get('description')];
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof description === 'string' ? { description } : {}),
  };
}
