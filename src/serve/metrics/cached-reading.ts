import { randomUUID } from 'node:crypto';
import { describeError } from '../../base/index.ts';
import type { Logger } from '../../base/index.ts';
import type {
  AvailableResource,
  ComputeDriver,
  GuestUsage,
  HostUsage,
  Instance,
  PlatformGuest,
  RequestContext,
} from '../../virt/index.ts';

/** The HMC collects new metrics at most every 15 seconds. */
const REFRESH_MS = 30_000;
/** A scraper waits about 10 seconds; then it gets the values of the last reading. */
const MAX_WAIT_MS = 5_000;
/** After this time a reading is given up, and the next scrape begins a new one. */
const MAX_READING_MS = 60_000;

export interface ReadingSource {
  /** Name of the compute host. */
  readonly host: string;
  readonly driver: Pick<ComputeDriver, 'listGuests' | 'getAvailableResource' | 'readHostUsage' | 'readGuestUsage'>;
}

/** What the HMC shows of this compute host. */
export interface PlatformValues {
  readonly resource: AvailableResource;
  /** Partitions of this host, also parked ones. */
  readonly guests: readonly PlatformGuest[];
  /** Undefined if the HMC does not let the user read metrics. */
  readonly hostUsage: HostUsage | undefined;
  /** By the UUID of the instance. */
  readonly guestUsage: ReadonlyMap<string, GuestUsage>;
}

export interface Reading {
  /** Undefined if no reading has succeeded yet. */
  readonly values: PlatformValues | undefined;
  readonly ageSeconds: number | undefined;
  /** Whether the last reading succeeded. */
  readonly isCurrent: boolean;
}

interface CacheOptions {
  readonly source: () => ReadingSource | undefined;
  readonly log: Logger;
  readonly now: () => number;
}

/** Reads values from the HMC, at most once in {@link REFRESH_MS}, however many ask. */
export class CachedReading {
  readonly #options: CacheOptions;
  #last: { readonly values: PlatformValues; readonly at: number } | undefined;
  #triedAt = -Infinity;
  #error: string | undefined;
  #running: Promise<void> | undefined;

  constructor(options: CacheOptions) {
    this.#options = options;
  }

  /** Never throws: after a failure the last values are returned, with their age. */
  async get(): Promise<Reading> {
    const { now } = this.#options;
    if (this.#running === undefined && now() - this.#triedAt >= REFRESH_MS) {
      this.#triedAt = now();
      this.#running = this.#read().finally(() => (this.#running = undefined));
    }
    if (this.#running !== undefined) await atMost(MAX_WAIT_MS, this.#running);
    const { values, at } = this.#last ?? {};
    const ageSeconds = at === undefined ? undefined : (now() - at) / 1000;
    return { values, ageSeconds, isCurrent: values !== undefined && this.#error === undefined };
  }

  async #read(): Promise<void> {
    const { source, log, now } = this.#options;
    const of = source();
    if (of === undefined) return;
    const at = now();
    try {
      const context = { requestId: `req-${randomUUID()}`, signal: AbortSignal.timeout(MAX_READING_MS) };
      this.#last = { values: await readValues(of, context, log), at };
      this.#error = undefined;
    } catch (thrown) {
      const error = describeError(thrown);
      // The same failure at each scrape is logged once.
      if (error !== this.#error) log.warn({ event: 'metrics.read', error }, 'values for the metrics not read');
      this.#error = error;
    }
  }
}

async function readValues({ driver, host }: ReadingSource, context: RequestContext, log: Logger) {
  const [resource, guests] = await Promise.all([
    driver.getAvailableResource(host, context),
    driver.listGuests(context, { all: false, parked: true }),
  ]);
  const instances = guests.flatMap(({ instanceUuid: uuid, name }): readonly Instance[] =>
    uuid === null ? [] : [{ uuid, name, host, flavor: { vcpus: 1, memoryMb: 1 } }],
  );
  try {
    const [hostUsage, guestUsage] = await Promise.all([
      driver.readHostUsage?.(context),
      instances.length === 0 ? undefined : driver.readGuestUsage?.(context, instances),
    ]);
    return { resource, guests, hostUsage, guestUsage: guestUsage ?? new Map<string, GuestUsage>() };
  } catch (error) {
    context.signal.throwIfAborted();
    log.debug({ event: 'metrics.usage', error: describeError(error) }, 'usage not read');
    return { resource, guests, hostUsage: undefined, guestUsage: new Map<string, GuestUsage>() };
  }
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, over]);
  clearTimeout(timer);
}
