import { setTimeout as sleep } from 'node:timers/promises';

import { isDomainFault } from './fault-engine.ts';
import type { FaultKind, FaultRule } from './fault-rules.ts';
import type { RequestHandle } from './request-log.ts';
import { Router } from './router.ts';
import type { Latency, Route, SimRequest, SimResponse, SimServerOptions, StruckFault, SubRequest } from './types.ts';

/** What goes back to the client: an answer, half of one, or a reset of the connection. */
export type Delivery =
  { readonly kind: 'answer' | 'truncated'; readonly response: SimResponse } | { readonly kind: 'reset' };

/** A request as it came in, not yet matched to an operation. */
export type IncomingRequest = Omit<SimRequest, 'operation' | 'params' | 'fault' | 'aggregate'>;

/** Carries a broken connection out of an aggregated request: all its entries share one connection. */
class BrokenConnection extends Error {
  readonly delivery: Delivery;

  constructor(delivery: Delivery) {
    super('the connection broke inside an aggregated request');
    this.delivery = delivery;
  }
}

const reset: Delivery = { kind: 'reset' };

/** Serves requests by route, with service time, faults and log; knows nothing of sockets. */
export class Dispatcher {
  readonly #options: SimServerOptions;
  readonly #router: Router;
  readonly #closing: AbortSignal;

  /** @param closing - ends all waiting when the server closes */
  constructor(options: SimServerOptions, closing: AbortSignal) {
    this.#options = options;
    this.#router = new Router(options.routes);
    this.#closing = closing;
  }

  /** Finds the operation; a path without a route is served by `noRoute` under the operation `(unknown)`. */
  route(incoming: IncomingRequest): { readonly req: SimRequest; readonly handle: Route['handle'] } {
    const match = this.#router.find(incoming.method, incoming.path);
    const operation = match?.route.operation ?? '(unknown)';
    const req = { ...incoming, operation, params: match?.params ?? {} };
    return { req, handle: match?.route.handle ?? this.#options.noRoute };
  }

  /** Serves a request, and tells what to send. Rejects only when the server closes meanwhile. */
  async serve(routed: SimRequest, handle: Route['handle'], log: RequestHandle): Promise<Delivery> {
    const rule = this.#options.faults.decide(this.#options.name, routed.operation, subjectOf(routed));
    if (rule !== undefined) log.setFault(rule.id);
    await this.#wait(latencyOf(this.#options.latencyMs, routed.operation), log);
    const req = { ...routed, aggregate: (sub: SubRequest) => this.#serveEntry(sub, log) };
    if (rule === undefined) return this.#handle(req, handle);
    return isDomainFault(rule.kind)
      ? this.#serveWithDomainFault(req, handle, rule)
      : this.#strike(req, handle, rule, log);
  }

  /** Domain faults are acted out by the handler; one that nobody takes has not struck. */
  async #serveWithDomainFault(req: SimRequest, handle: Route['handle'], rule: FaultRule): Promise<Delivery> {
    const strikes = new Set<FaultRule>();
    const fault: StruckFault = { rule, kind: rule.kind, take: () => void strikes.add(rule) };
    const delivery = await this.#handle({ ...req, fault }, handle);
    if (strikes.size === 0) this.#options.faults.missed(rule);
    return delivery;
  }

  async #strike(req: SimRequest, handle: Route['handle'], rule: FaultRule, log: RequestHandle): Promise<Delivery> {
    const { kind } = rule;
    if (kind.type === 'delay') return this.#serveLate(req, handle, kind, log);
    if (kind.type === 'restart') this.#options.restart?.();
    if (!hasEffect(kind)) return this.#damage(req, kind, undefined);
    const delivery = await this.#handle(req, handle);
    if (delivery.kind !== 'answer') return delivery;
    if (kind.type === 'refuse' && delivery.response.status >= 400) {
      // The server refused by itself, so there was no effect that an error could deny.
      this.#options.faults.missed(rule);
      return delivery;
    }
    return this.#damage(req, kind, delivery.response);
  }

  async #serveLate(
    req: SimRequest,
    handle: Route['handle'],
    kind: Extract<FaultKind, { type: 'delay' }>,
    log: RequestHandle,
  ): Promise<Delivery> {
    if (kind.when !== 'after') await this.#wait(kind.ms, log);
    const delivery = await this.#handle(req, handle);
    if (kind.when === 'after') await this.#wait(kind.ms, log);
    return delivery;
  }

  async #handle(req: SimRequest, handle: Route['handle']): Promise<Delivery> {
    try {
      return { kind: 'answer', response: await handle(req) };
    } catch (error) {
      if (error instanceof BrokenConnection) return error.delivery;
      const message = error instanceof Error ? error.message : String(error);
      return { kind: 'answer', response: this.#options.shapeError(500, 0, `simulator error: ${message}`, req) };
    }
  }

  /** What the client gets of `response`, which is `undefined` when the request had no effect. */
  #damage(req: SimRequest, kind: FaultKind, response: SimResponse | undefined): Delivery {
    switch (kind.type) {
      case 'refuse':
        return { kind: 'answer', response: this.#refusal(req, kind) };
      case 'truncate':
        return { kind: 'truncated', response: response ?? { status: 200, body: { truncated: 'x'.repeat(64) } } };
      case 'malformed':
        return answerRaw(response?.status ?? 200, 'application/json', '{"object-uri": "/api/part');
      case 'html':
        return answerRaw(kind.status ?? 503, 'text/html', '<html><body><h1>Service Unavailable</h1></body></html>');
      case 'wrong-schema':
        return answerRaw(
          response?.status ?? 200,
          'application/json',
          '[{"unexpected": [1, null, {"shape": true}]}, 42]',
        );
      default:
        return reset;
    }
  }

  #refusal(req: SimRequest, kind: Extract<FaultKind, { type: 'refuse' }>): SimResponse {
    const message = kind.message ?? 'refused by a fault rule';
    const shaped = this.#options.shapeError(kind.status, kind.reason ?? 0, message, req);
    return { ...shaped, headers: { ...shaped.headers, ...kind.headers } };
  }

  async #serveEntry(sub: SubRequest, parent: RequestHandle): Promise<SimResponse> {
    const url = parseTarget(sub.uri);
    const rawBody = Buffer.from(sub.body === undefined ? '' : JSON.stringify(sub.body));
    const { req, handle } = this.route({ ...sub, ...url, rawBody, bodyBytes: rawBody.length, bodyError: undefined });
    const log = parent.child({
      server: this.#options.name,
      operation: req.operation,
      method: sub.method,
      path: sub.uri,
    });
    const delivery = await this.serve(req, handle, log);
    log.end(delivery.kind === 'answer' ? delivery.response.status : undefined);
    if (delivery.kind === 'answer') return delivery.response;
    throw new BrokenConnection(delivery);
  }

  async #wait(ms: number, log: RequestHandle): Promise<void> {
    if (ms <= 0) return;
    log.addService(ms);
    await sleep(ms, undefined, { signal: this.#closing });
  }
}

/** Splits a request target into path and query; one that is no URL keeps its text as path, which no route takes. */
export function parseTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const url = URL.parse(target, 'http://simulator.invalid');
  return { path: url?.pathname ?? target, query: url?.searchParams ?? new URLSearchParams() };
}

/** Path and query as a client wrote them. */
export function targetOf(req: Pick<SimRequest, 'path' | 'query'>): string {
  return req.query.size === 0 ? req.path : `${req.path}?${req.query.toString()}`;
}

function subjectOf(req: SimRequest): { method: string; path: string; body: unknown } {
  return { method: req.method, path: targetOf(req), body: req.body };
}

function latencyOf(latency: Latency | undefined, operation: string): number {
  if (latency === undefined || typeof latency === 'number') return latency ?? 0;
  return latency[operation] ?? latency['*'] ?? 0;
}

/** Whether the request is carried out although its answer is damaged. */
function hasEffect(kind: FaultKind): boolean {
  switch (kind.type) {
    case 'refuse':
      return kind.effect === 'done';
    case 'drop':
      return kind.when === 'after';
    case 'truncate':
    case 'malformed':
    case 'html':
    case 'wrong-schema':
      return kind.effect !== 'none';
    default:
      return false;
  }
}

function answerRaw(status: number, contentType: string, data: string): Delivery {
  // 204 and 304 carry no body, so a damaged answer in their place must have another status.
  return {
    kind: 'answer',
    response: { status: status === 204 || status === 304 ? 200 : status, raw: { contentType, data } },
  };
}
