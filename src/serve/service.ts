import { EventEmitter, once } from 'node:events';
import { rmSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { CleanupStack, ConfigError, describeError, findError, InterruptedError } from '../base/index.ts';
import type { Logger } from '../base/index.ts';
import { publishServiceSocket } from '../compute/index.ts';
import type { Settings } from '../config/index.ts';
import type { Backend } from './backend.ts';
import { Calls } from './calls.ts';
import { addDriverRoutes } from './driver-routes.ts';
import { startDuties } from './duties.ts';
import type { DescribeFailure } from './errors.ts';
import { addEventRoutes } from './event-routes.ts';
import { EventLog } from './events.ts';
import { Health } from './health.ts';
import { describesItself, openApi } from './openapi.ts';
import type { Operation } from './openapi.ts';
import { addPathRoutes, pathRoutes } from './path-routes.ts';
import { currentRequestId } from './request-scope.ts';
import { ServiceMetrics } from './metrics.ts';
import { startServer } from './server.ts';
import type { Listen } from './server.ts';
import { ServiceError } from './service-error.ts';
import { methods } from './wire/methods.ts';

export interface ServiceOptions {
  readonly settings: Settings;
  readonly listens: readonly Listen[];
  readonly open: (settings: Settings, signal: AbortSignal) => Promise<Backend>;
  readonly log: Logger;
  readonly describe: DescribeFailure;
  /** Version of the package. */
  readonly release: string;
  /** How long a stopping service waits for calls, in milliseconds. */
  readonly graceMs?: number | undefined;
}

export interface Service extends AsyncDisposable {
  readonly urls: readonly string[];
  readonly events: EventLog;
  readonly calls: Calls;
  /** Returns the id of the request that the calling code works for; undefined in the background. */
  readonly currentRequestId: () => string | undefined;
  /** Resolves when the driver is initialised. @throws what makes that impossible */
  readonly ready: Promise<void>;
  /** Replaces everything that depends on the settings. Calls that run end with the old settings. @throws and keeps the old ones */
  reload(settings: Settings): Promise<void>;
}

/** How long a stopping service waits for calls that run, in milliseconds. */
const GRACE_MS = 60_000;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;

/** Failures that another attempt may not meet: the peer is unreachable. */
const passing = ['HMC_CONNECTION', 'CINDER_CONNECTION', 'TIMEOUT'] as const;
/** Failures that only other settings cure. Neither the service nor systemd may try again: the HMC would disable the user. */
const refused = ['HMC_AUTH', 'CINDER_AUTH'] as const;

/** Starts the service. It listens at once, and refuses calls of the driver with NOT_READY until the driver is initialised. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const service = new RunningService(options);
  await service.listen();
  return service;
}

class RunningService implements Service {
  readonly events = new EventLog();
  readonly calls = new Calls();
  readonly currentRequestId = currentRequestId;
  readonly ready: Promise<void>;
  readonly #options: ServiceOptions;
  readonly #stop = new AbortController();
  readonly #reloads = new EventEmitter();
  readonly #servers = new CleanupStack();
  readonly #health = new Health(() => this.#backend?.host);
  #settings: Settings;
  #urls: readonly string[] = [];
  #backend: Backend | undefined;
  #duties: AsyncDisposable | undefined;
  #socketLink: Disposable | undefined;
  readonly #metrics: ServiceMetrics;
  #unfollow: () => void = () => undefined;
  #reloading: Promise<void> = Promise.resolve();

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#settings = options.settings;
    const { release, log } = options;
    this.#metrics = new ServiceMetrics({ source: () => this.#backend && metricsSource(this.#backend), release, log });
    this.calls.onEnd(this.#metrics.onCallEnd);
    this.ready = this.#initialise();
    this.ready.catch(() => undefined); // whoever waits for it hears of it
  }

  get urls(): readonly string[] {
    return this.#urls;
  }

  async listen(): Promise<void> {
    const { listens, log, describe } = this.#options;
    try {
      for (const listen of listens) {
        const addRoutes = (app: FastifyInstance) => this.#addRoutes(app);
        const server = this.#servers.use(await startServer({ listen, log, describe, addRoutes }));
        this.#urls = [...this.#urls, server.url];
      }
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async reload(settings: Settings): Promise<void> {
    const next = this.#reloading.then(async () => await this.#replace(settings));
    this.#reloading = next.catch(() => undefined);
    await next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { graceMs = GRACE_MS, log } = this.#options;
    const left = await this.calls.stop(graceMs);
    if (left > 0) log.warn({ event: 'serve.left', calls: left }, 'calls are left unfinished: repeat them');
    this.#stop.abort(new InterruptedError('the service stops'));
    await this.#servers[Symbol.asyncDispose]();
    await this.ready.catch(() => undefined);
    await this.#reloading;
    this.#unfollow();
    this.#metrics[Symbol.dispose]();
    await this.#duties?.[Symbol.asyncDispose]();
    this.#socketLink?.[Symbol.dispose]();
    await this.#backend?.[Symbol.asyncDispose]();
  }

  async #initialise(): Promise<void> {
    const { open, log } = this.#options;
    const { signal } = this.#stop;
    for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
      try {
        await this.#use(await open(this.#settings, signal));
        // Images of a rescue during which the service was killed.
        rmSync(join(this.#settings.statePath, 'images'), { recursive: true, force: true });
        return;
      } catch (error) {
        if (!signal.aborted && findError(error, ...refused) !== undefined) {
          const text = 'the credentials are refused: correct the settings, then reload the service (SIGHUP)';
          log.error({ event: 'serve.refused', error: describeError(error) }, text);
          await once(this.#reloads, 'settings', { signal });
          continue;
        }
        if (signal.aborted || findError(error, ...passing) === undefined) throw error;
        log.warn({ event: 'serve.wait', error: describeError(error), delayMs }, 'not ready: trying again');
      }
      await pause(delayMs, undefined, { signal });
    }
  }

  async #use(backend: Backend): Promise<void> {
    await this.#duties?.[Symbol.asyncDispose]();
    this.#unfollow();
    this.#backend = backend;
    this.#health.reset();
    const inTurn = async (uuid: string, work: () => Promise<void>) => await this.calls.takeTurn(uuid, work);
    this.#duties = startDuties({
      manager: backend.manager,
      log: this.#options.log,
      inTurn,
      onEnd: this.#metrics.onDutyEnd,
    });
    this.#publishSocket();
    const source = backend.host.driver.lifecycleSource?.();
    this.#unfollow = source === undefined ? () => undefined : this.events.follow(source);
  }

  /** Lets `dpm server list --watch` find the stream of events. Without the link it polls. */
  #publishSocket(): void {
    const { listens, settings, log } = this.#options;
    const socket = listens.find((listen) => listen.kind === 'socket');
    if (socket === undefined || this.#socketLink !== undefined) return;
    try {
      this.#socketLink = publishServiceSocket(settings.statePath, settings.host, resolve(socket.path));
    } catch (error) {
      log.warn({ event: 'serve.socket', error: describeError(error) }, 'the link to the socket was not written');
    }
  }

  async #replace(settings: Settings): Promise<void> {
    const before = this.#options.settings;
    for (const [option, of] of fixed) {
      if (of(settings) === of(before)) continue;
      const text = `${option} cannot change while the service runs (it is "${of(before)}"): start the service again`;
      throw new ConfigError(text, { option });
    }
    this.#settings = settings;
    if (this.#backend === undefined) {
      this.#reloads.emit('settings'); // the next attempt uses them
      return;
    }
    const old = this.#backend;
    const next = await this.#options.open(settings, this.#stop.signal);
    await this.#use(next);
    this.events.resync();
    void this.#closeWhenIdle(old);
  }

  /** Calls that run use the old driver until they end. */
  async #closeWhenIdle(old: Backend | undefined): Promise<void> {
    const { log } = this.#options;
    await this.calls.ended();
    try {
      await old?.[Symbol.asyncDispose]();
    } catch (error) {
      log.warn(
        { event: 'serve.close', error: describeError(error) },
        'the driver with the old settings was not closed',
      );
    }
  }

  #requireBackend(): Backend {
    if (this.#backend !== undefined) return this.#backend;
    throw new ServiceError('NOT_READY', 'the driver is not initialised yet: repeat the call');
  }

  #addRoutes(app: FastifyInstance): void {
    const { settings, log, describe, release } = this.#options;
    const host = () => this.#requireBackend().host;
    addDriverRoutes(app, { host, hostName: settings.host, calls: this.calls, log, describe, release });
    addEventRoutes(app, this.events, this.#stop.signal);
    addPathRoutes(app, { source: () => this.#requireBackend().paths, log, stop: this.#stop.signal });
    app.get('/metrics', async (_request, reply) => {
      return await reply.type(this.#metrics.contentType).send(await this.#metrics.text());
    });
    app.get('/healthz', () => ({ healthy: true }));
    app.get('/readyz', async (_request, reply) => {
      const readiness = await this.#health.readiness();
      return await reply.code(readiness.ready ? 200 : 503).send(readiness);
    });
    const description = openApi([...operations, ...pathRoutes, describesItself], { version: release, methods });
    app.get(describesItself.path, () => description);
  }
}

function metricsSource({ host, manager }: Backend) {
  const { hmcUrls } = host.settings.dpm;
  return {
    host: host.settings.host,
    driver: host.driver,
    manager,
    hmcHosts: new Set(hmcUrls.map((url) => new URL(url).host)),
    isEventStreamConnected: () => host.driver.lifecycleSource?.().isLive,
  };
}

/** What decides where the state is, and whose it is. */
const fixed: readonly (readonly [string, (settings: Settings) => string])[] = [
  ['DEFAULT.host', ({ host }) => host],
  ['DEFAULT.state_path', ({ statePath }) => statePath],
  ['DEFAULT.compute_driver', ({ computeDriver }) => computeDriver],
];

const callState = z.object({ key: z.string(), method: z.string(), state: z.enum(['running', 'done']) });
const key = { key: 'idempotency key of the call' };

/** The operations of the service besides Nova's methods and the paths. */
const operations: readonly Operation[] = [
  {
    ...{ method: 'get', path: '/v1/driver', id: 'describeDriver', summary: 'What the service serves' },
    answer: z.object({
      api_version: z.int(),
      release: z.string(),
      host: z.string(),
      nodes: z.array(z.string()),
      capabilities: z.record(z.string(), z.boolean()),
      traits: z.record(z.string(), z.boolean()),
      methods: z.array(z.string()),
    }),
  },
  {
    ...{ method: 'get', path: '/v1/calls/{key}', id: 'getCall', summary: 'State of a call' },
    ...{ parameters: key, answer: callState },
  },
  {
    ...{ method: 'delete', path: '/v1/calls/{key}', id: 'cancelCall', summary: 'Cancels a call, which rolls back' },
    ...{ parameters: key, answer: callState },
  },
  {
    ...{ method: 'get', path: '/v1/events', id: 'listenToEvents', summary: 'Lifecycle events, as Server-Sent Events' },
    answer: z.string(),
  },
  {
    ...{ method: 'get', path: '/metrics', id: 'getMetrics', summary: 'Metrics, in the text form of Prometheus' },
    answer: z.string(),
  },
  {
    ...{ method: 'get', path: '/healthz', id: 'getHealth', summary: 'Whether the process lives' },
    answer: z.object({ healthy: z.boolean() }),
  },
  {
    ...{ method: 'get', path: '/readyz', id: 'getReadiness', summary: 'Whether HMC and Cinder answer' },
    answer: z.object({ ready: z.boolean(), checks: z.record(z.string(), z.string()) }),
  },
];
