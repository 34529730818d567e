import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { onRequestEnd } from '../http/index.ts';
import type { EndedRequest } from '../http/index.ts';
import type { Logger } from '../base/index.ts';
import type { ComputeManager } from '../compute/index.ts';
import type { DutyEnd } from './duties.ts';
import { CachedReading } from './metrics/cached-reading.ts';
import type { Reading, ReadingSource } from './metrics/cached-reading.ts';
import { operationOf } from './metrics/operation.ts';
import { PlatformGauges } from './metrics/platform-gauges.ts';

/** What the metrics are taken from. Another one after a reload of the settings. */
export interface MetricsSource extends ReadingSource {
  readonly manager: Pick<ComputeManager, 'listFlows' | 'waitingRequests'>;
  /** Hosts and ports of the HMCs. */
  readonly hmcHosts: ReadonlySet<string>;
  /** Whether the HMC sends its notifications to this process; undefined if the process only polls. */
  readonly isEventStreamConnected?: (() => boolean | undefined) | undefined;
}

export interface MetricsOptions {
  /** Undefined until the driver is initialised. */
  readonly source: () => MetricsSource | undefined;
  readonly release: string;
  readonly log: Logger;
  /** Milliseconds, from any beginning; replaced in tests. */
  readonly now?: (() => number) | undefined;
}

/** How a call of the driver ended. */
interface EndedCall {
  readonly method: string;
  readonly ms: number;
  readonly error: Error | undefined;
}

/** From answers of the state directory to the start of a partition, in seconds. */
const CALL_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800];
const REQUEST_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const flowStates = ['running', 'waiting', 'stuck', 'damaged'] as const;

/**
 * The metrics of the service, in the text form of Prometheus.
 *
 * Names that begin with `zhmc_` mean what they mean in zhmc-prometheus-exporter (its data/metrics.yaml). The values of the HMC
 * are read at most once in 30 seconds, however many ask; `nova_dpm_hmc_values_age_seconds` is their age.
 */
export class ServiceMetrics implements Disposable {
  readonly #options: MetricsOptions;
  readonly #registry = new Registry();
  readonly #reading: CachedReading;
  readonly #platform: PlatformGauges;
  readonly #stopListening: () => void;

  readonly #calls = this.#counter('nova_dpm_calls_total', 'Calls of the driver that have ended', ['method', 'result']);
  readonly #callSeconds = this.#histogram(
    'nova_dpm_call_duration_seconds',
    'Duration of calls',
    CALL_SECONDS,
    'method',
  );
  readonly #requests = this.#counter('nova_dpm_http_requests_total', 'Requests to the HMC, Cinder and Keystone', [
    'peer',
    'operation',
    'result',
  ]);
  readonly #requestSeconds = this.#histogram(
    'nova_dpm_http_request_duration_seconds',
    'Duration of requests to the HMC, Cinder and Keystone',
    REQUEST_SECONDS,
    'peer',
  );
  readonly #duties = this.#counter('nova_dpm_duty_runs_total', 'Runs of the background work', ['duty', 'result']);
  readonly #dutyEnds = this.#gauge(
    'nova_dpm_duty_last_success_timestamp_seconds',
    'When the background work last ended without an error, in seconds since 1970',
    ['duty'],
  );
  readonly #flows = this.#gauge('nova_dpm_flows', 'Operations of the own compute manager that have not ended', [
    'state',
  ]);
  readonly #waitingRequests = this.#gauge('nova_dpm_waiting_requests', 'Servers that the service is to create');
  readonly #connected = this.#gauge(
    'nova_dpm_events_connected',
    'Whether the HMC sends its notifications (1), or the service polls (0)',
  );
  readonly #age = this.#gauge('nova_dpm_hmc_values_age_seconds', 'Age of the values that were read from the HMC');
  readonly #readSuccess = this.#gauge('nova_dpm_hmc_values_read', 'Whether the last reading of the HMC succeeded (1)');

  constructor(options: MetricsOptions) {
    this.#options = options;
    const { source, release, log, now = () => performance.now() } = options;
    this.#reading = new CachedReading({ source, log, now });
    this.#platform = new PlatformGauges(this.#registry);
    this.#gauge('nova_dpm_build_info', 'The version of nova-dpm', ['version']).set({ version: release }, 1);
    collectDefaultMetrics({ register: this.#registry });
    this.#stopListening = onRequestEnd((request) => this.#onRequest(request));
  }

  /** The media type of {@link ServiceMetrics.text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Counts a call of the driver. */
  readonly onCallEnd = ({ method, ms, error }: EndedCall): void => {
    this.#calls.inc({ method, result: resultOf(error) });
    this.#callSeconds.observe({ method }, ms / 1000);
  };

  /** Counts a run of the background work. */
  readonly onDutyEnd = ({ duty, error }: DutyEnd): void => {
    this.#duties.inc({ duty, result: error === undefined ? 'ok' : 'failed' });
    if (error === undefined) this.#dutyEnds.set({ duty }, Date.now() / 1000);
  };

  /** Returns all metrics. Never fails because the HMC does not answer: the last values are returned with their age. */
  async text(): Promise<string> {
    const source = this.#options.source();
    const reading = source === undefined ? undefined : await this.#reading.get();
    if (source !== undefined) await this.#readState(source);
    this.#setReading(reading);
    return await this.#registry.metrics();
  }

  [Symbol.dispose](): void {
    this.#stopListening();
    this.#registry.clear();
  }

  async #readState({ manager, isEventStreamConnected }: MetricsSource): Promise<void> {
    const open = await manager.listFlows({ open: true });
    for (const state of flowStates) this.#flows.set({ state }, open.filter((flow) => flow.state === state).length);
    this.#waitingRequests.set(manager.waitingRequests().length);
    this.#connected.set(isEventStreamConnected?.() === true ? 1 : 0);
  }

  #setReading(reading: Reading | undefined): void {
    this.#platform.set(reading?.values);
    this.#readSuccess.set(reading?.isCurrent === true ? 1 : 0);
    if (reading?.ageSeconds === undefined) this.#age.remove();
    else this.#age.set(reading.ageSeconds);
  }

  #onRequest({ host, method, path, outcome, durationMs }: EndedRequest): void {
    const peer = this.#options.source()?.hmcHosts.has(host) === true || path.startsWith('/api/') ? 'hmc' : 'openstack';
    this.#requests.inc({ peer, operation: operationOf(method, path), result: String(outcome) });
    this.#requestSeconds.observe({ peer }, durationMs / 1000);
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram<L extends string>(name: string, help: string, buckets: number[], label: L): Histogram<L> {
    return new Histogram({ name, help, buckets, labelNames: [label], registers: [this.#registry] });
  }
}

/** Returns `ok`, or the code of the error. */
function resultOf(error: Error | undefined): string {
  if (error === undefined) return 'ok';
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : 'INTERNAL';
}
