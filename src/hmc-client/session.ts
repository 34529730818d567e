import {
  describeError,
  Outages,
  RetriesExhaustedError,
  retry,
  silentLogger,
  TimeoutError,
  whileWanted,
  withDeadline,
} from '../base/index.ts';
import type { Logger, Waiting } from '../base/index.ts';
import { parseAnswer } from './answers.ts';
import { asciiConsoleOf } from './ascii-console.ts';
import type { AsciiConsole } from './ascii-console.ts';
import { HmcConnection } from './connection.ts';
import { HmcEndpoint } from './endpoint.ts';
import { EventStream } from './event-stream.ts';
import { EventHub } from './events.ts';
import { classify, HmcHttpError, isUnreachable, mayHaveEffect } from './errors/index.ts';
import type { HmcLevel } from './level.ts';
import { Logon } from './logon.ts';
import { defaultPolicies, defaultTimeouts, repeatable, uploadMs } from './policy.ts';
import type { HmcPolicies, HmcTimeouts } from './policy.ts';
import type { HmcCall, HmcRequest, RawAnswer, Requester } from './requester.ts';
import { AdapterResource } from './resources/adapter.ts';
import { CapacityGroupResource } from './resources/capacity-group.ts';
import { ConsoleResource } from './resources/console.ts';
import { CpcResource } from './resources/cpc.ts';
import { HbaResource } from './resources/hba.ts';
import { NicResource } from './resources/nic.ts';
import { MetricsResource } from './resources/metrics.ts';
import { PartitionResource } from './resources/partition.ts';
import { StorageGroupResource } from './resources/storage-group.ts';
import { StorageVolumeResource } from './resources/storage-volume.ts';
import { VirtualStorageResourceResource } from './resources/virtual-storage-resource.ts';
import type { HmcSession, HmcSessionOptions, RawRequest } from './types.ts';
import { versionAnswer } from './wire/session.ts';
import type { ApiVersion } from './wire/session.ts';

/** Concurrent requests to one HMC: as many as the threads with which an HMC runs its own bulk operation "Submit Requests". */
const MAX_CONCURRENT = 10;
const MAX_QUEUED = 1_000;
/** Far above the size of any response that this client reads. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
/** STOMP over TLS. Source: python-zhmcclient _constants.py. */
const MESSAGE_PORT = 61_612;
/** Timeout of the logoff, and of work in the background, for example of deleting ended jobs. */
const CLEANUP_TIMEOUT_MS = 15_000;

/**
 * Opens a session. Nothing is sent before the first request.
 *
 * @example
 * await using hmc = openHmcSession({ urls: ['https://hmc1:6794'], userid, password, log });
 * const cpcs = await hmc.cpcs.list({}, { signal });
 * @public
 */
export function openHmcSession(options: HmcSessionOptions): HmcSession {
  return new Session(options);
}

class Session implements HmcSession, Requester {
  readonly policies: HmcPolicies;
  readonly log: Logger;
  readonly events: EventHub;
  readonly console: ConsoleResource;
  readonly cpcs: CpcResource;
  readonly adapters: AdapterResource;
  readonly partitions: PartitionResource;
  readonly capacityGroups: CapacityGroupResource;
  readonly hbas: HbaResource;
  readonly nics: NicResource;
  readonly metrics: MetricsResource;
  readonly storageGroups: StorageGroupResource;
  readonly storageVolumes: StorageVolumeResource;
  readonly virtualStorageResources: VirtualStorageResourceResource;
  readonly #timeouts: HmcTimeouts;
  readonly #connection: HmcConnection;
  readonly #stream: EventStream;
  readonly #background = new Set<Promise<void>>();
  readonly #outages: Outages;
  /** The HMCs of this session, as named in messages. Also the key under which {@link Outages} records them. */
  readonly #peer: string;

  constructor(options: HmcSessionOptions) {
    this.policies = { ...defaultPolicies, ...options.policies };
    this.log = (options.log ?? silentLogger).child({ component: 'hmc-client' });
    this.#timeouts = { ...defaultTimeouts, ...options.timeouts };
    if (options.tls?.insecure === true) {
      this.log.warn({ event: 'hmc.insecure', hmcs: options.urls }, 'the certificates of the HMCs are not verified');
    }
    this.#connection = new HmcConnection({
      logon: new Logon({ userid: options.userid, password: options.password, log: this.log }),
      endpoints: options.urls.map((url) => this.#endpoint(url, options)),
      logoff: this.policies.read, // a logoff can be repeated, like a read
      log: this.log,
    });
    this.#stream = new EventStream({
      connection: this.#connection,
      port: options.messagePort ?? MESSAGE_PORT,
      tls: options.tls,
      connectTimeoutMs: this.#timeouts.connectMs,
      policy: this.policies.events,
      log: this.log,
    });
    this.events = new EventHub((isAsked) => this.#stream.start(this.events, isAsked), this.log);
    this.#outages = options.outages ?? new Outages();
    this.#peer = `HMC ${options.urls.map((url) => new URL(url).host).join(', ')}`;
    this.console = new ConsoleResource(this);
    this.cpcs = new CpcResource(this);
    this.adapters = new AdapterResource(this);
    this.partitions = new PartitionResource(this);
    this.capacityGroups = new CapacityGroupResource(this);
    this.hbas = new HbaResource(this);
    this.nics = new NicResource(this);
    this.metrics = new MetricsResource(this);
    this.storageVolumes = new StorageVolumeResource(this);
    this.storageGroups = new StorageGroupResource(this, this.storageVolumes);
    this.virtualStorageResources = new VirtualStorageResourceResource(this);
  }

  async apiVersion(w: Waiting): Promise<ApiVersion> {
    const call = {
      operation: 'Query API Version',
      what: 'query the API version',
      kind: 'read',
      method: 'GET',
      uri: '/api/version',
      answer: versionAnswer,
    } as const;
    return await this.#withRetries(call, w, async (inner) => await this.#connection.withoutSession(call, inner));
  }

  hmcHost(): string {
    return this.#connection.host;
  }

  async request(method: 'GET' | 'POST' | 'DELETE', uri: string, options: RawRequest): Promise<RawAnswer> {
    const { signal, body } = options;
    const kind = method === 'GET' ? 'read' : 'action';
    const call = { operation: `${method} ${uri}`, what: `${method} ${uri}`, kind, method, uri, body } as const;
    return await this.sendRaw(call, { signal });
  }

  // `sendRaw`, `call` and `once` differ in retries and in parsing: see their descriptions in Requester.

  async sendRaw(call: HmcRequest, w: Waiting): Promise<RawAnswer> {
    return await this.#withRetries(call, w, async (inner) => await this.#exchange(call, inner));
  }

  async call<T>(call: HmcCall<T>, w: Waiting): Promise<T> {
    return await this.#withRetries(call, w, async (inner) => await this.once(call, inner));
  }

  async once<T>(call: HmcCall<T>, w: Waiting): Promise<T> {
    const { body } = await this.#exchange(call, w);
    return parseAnswer(call, body);
  }

  async openConsole(what: string, path: string, w: Waiting): Promise<AsciiConsole> {
    const open = async (signal: AbortSignal) => await this.#connection.openSocket(what, path, { signal });
    const socket = await withDeadline(what, this.#timeouts.callMs, w.signal, open);
    return asciiConsoleOf(socket, { what, host: this.hmcHost() });
  }

  /** If `error` is an outage, tells {@link Outages} that the caller of `once` will retry for another `leftMs` milliseconds. */
  reportRetrying(error: Error, leftMs: number): void {
    if (leftMs > 0 && this.#isOutage(error)) this.#outages.waitsFor(this.#peer, leftMs);
  }

  async level(what: string, w: Waiting): Promise<HmcLevel> {
    const call = { what, kind: 'read' } as const;
    return await this.#withRetries(call, w, async (inner) => await this.#connection.level(inner));
  }

  inBackground(what: string, work: (w: Waiting) => Promise<unknown>): void {
    const task = this.#runInBackground(what, work).finally(() => this.#background.delete(task));
    this.#background.add(task);
  }

  async close(w: Waiting): Promise<void> {
    await this.#stream.close();
    await this.#waitForBackground(w);
    for (const failure of await this.#connection.close(w)) {
      this.log.warn({ event: 'hmc.logoff', error: describeError(failure) }, 'cannot log off');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ signal: AbortSignal.timeout(CLEANUP_TIMEOUT_MS) });
  }

  /** Sends a request in the session and records whether the HMC has answered. */
  async #exchange(call: HmcRequest, w: Waiting): Promise<RawAnswer> {
    try {
      const answer = await this.#connection.exchange(call, w);
      this.#outages.answered(this.#peer);
      return answer;
    } catch (error) {
      if (isUnreachable(error)) this.#outages.failed(this.#peer);
      else if (error instanceof HmcHttpError) this.#outages.answered(this.#peer);
      throw error;
    }
  }

  /**
   * Retries a call until its deadline. If the HMC is unreachable at the deadline, repeats the call with a new deadline, for
   * as long as the outage policy allows.
   */
  async #withRetries<T>(
    call: Pick<HmcRequest, 'what' | 'kind' | 'upload'>,
    w: Waiting,
    work: (w: Waiting) => Promise<T>,
  ): Promise<T> {
    const { what, kind, upload } = call;
    const callMs = this.#timeouts.callMs + (upload === undefined ? 0 : uploadMs(upload));
    const policy = kind === 'read' ? this.policies.read : this.policies.write;
    // A repeated create could create a second object, because the names of objects need not be unique. If the HMC may have
    // created the object, this method does not retry: its caller first searches for the object.
    const isRetryable = (error: Error) =>
      repeatable[kind].has(classify(error)) && !(kind === 'create' && mayHaveEffect(error));
    const retryUntilAborted = async (signal: AbortSignal) =>
      await retry(async () => await work({ signal }), {
        what,
        policy,
        signal,
        isRetryable,
        askedDelayMs,
        log: this.log,
      });
    return await this.#outages.through(async () => await withDeadline(what, callMs, w.signal, retryUntilAborted), {
      policy: this.policies.outage,
      signal: w.signal,
      peerOf: (error) => (this.#isOutage(error) ? this.#peer : undefined),
      isRepeatable: isRetryable,
      askedDelayMs,
    });
  }

  /**
   * Whether the error means that the HMC does not answer. If an outage was already recorded, a timeout means this too, because
   * an HMC may accept connections and not answer.
   */
  #isOutage(error: Error): boolean {
    return isUnreachable(error) || (error instanceof TimeoutError && this.#outages.isAway(this.#peer));
  }

  async #waitForBackground(w: Waiting): Promise<void> {
    try {
      await whileWanted(Promise.all(this.#background), w.signal);
    } catch (error) {
      this.log.warn(
        { event: 'hmc.background', error: describeError(error) },
        'closed the session before its work in the background ended',
      );
    }
  }

  async #runInBackground(what: string, work: (w: Waiting) => Promise<unknown>): Promise<void> {
    try {
      await work({ signal: AbortSignal.timeout(CLEANUP_TIMEOUT_MS) });
    } catch (error) {
      this.log.warn({ event: 'hmc.background', what, error: describeError(error) }, 'work in the background failed');
    }
  }

  #endpoint(url: string, options: HmcSessionOptions): HmcEndpoint {
    return new HmcEndpoint({
      baseUrl: url,
      tls: options.tls,
      connectTimeoutMs: this.#timeouts.connectMs,
      requestTimeoutMs: this.#timeouts.requestMs,
      maxConcurrent: options.maxConcurrent ?? MAX_CONCURRENT,
      maxQueued: options.maxQueued ?? MAX_QUEUED,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      log: this.log,
    });
  }
}

/** Returns the delay that the HMC requested with the header Retry-After. */
function askedDelayMs(error: Error): number | undefined {
  const last = error instanceof RetriesExhaustedError ? error.cause : error;
  return last instanceof HmcHttpError ? last.retryAfterMs : undefined;
}
