import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Logger } from '../base/index.ts';
import type { ServedHost } from '../compute/index.ts';
import { NotImplementedError, refusals } from '../virt/index.ts';
import type { RequestContext } from '../virt/index.ts';
import type { Calls } from './calls.ts';
import { errorAnswer, isDefect } from './errors.ts';
import type { DescribeFailure } from './errors.ts';
import { withinRequest } from './request-scope.ts';
import { deadlineMsOf, goneSignal, idempotencyKeyOf, isIdempotencyKey, requestIdOf } from './requests.ts';
import { ServiceError } from './service-error.ts';
import { methods, WrongHostError } from './wire/methods.ts';
import type { Method } from './wire/methods.ts';

export interface DriverRoutesOptions {
  /** @throws ServiceError NOT_READY */
  readonly host: () => ServedHost;
  /** Of the settings; known before the driver is initialised. */
  readonly hostName: string;
  readonly calls: Calls;
  readonly log: Logger;
  readonly describe: DescribeFailure;
  readonly release: string;
}

const API_VERSION = 1;

/** Adds the methods of Nova's contract, and what the service says of its calls. */
export function addDriverRoutes(app: FastifyInstance, options: DriverRoutesOptions): void {
  const { calls, describe, log } = options;
  app.get('/v1/driver', async () => await describeDriver(options));
  app.post<{ Params: { method: string }; Body: unknown }>('/v1/driver/:method', async (request, reply) => {
    const requestId = requestIdOf(request.headers['x-openstack-request-id']);
    const { method } = request.params;
    void reply.header('X-Openstack-Request-Id', requestId);
    try {
      return { result: await withinRequest(requestId, async () => await answer(options, request, reply, requestId)) };
    } catch (error) {
      const { status, body } = errorAnswer(error, { method, requestId, describe });
      const { code, message } = body.error;
      const facts = { event: 'call.failed', requestId, method, code, message, ...(isDefect(error) ? { error } : {}) };
      if (isDefect(error) || isChange(method)) log.warn(facts, 'a call failed');
      else log.info(facts, 'a call failed');
      if (status === 503) void reply.header('Retry-After', '1');
      return await reply.code(status).send(body);
    }
  });
  app.get<{ Params: { key: string } }>('/v1/calls/:key', async (request) => found(calls.state(keyOf(request))));
  app.delete<{ Params: { key: string } }>('/v1/calls/:key', async (request, reply) => {
    const state = found(calls.cancel(keyOf(request)));
    return await reply.code(202).send(state);
  });
}

function keyOf({ params: { key } }: FastifyRequest<{ Params: { key: string } }>): string {
  if (isIdempotencyKey(key)) return key;
  throw new ServiceError('NO_SUCH_METHOD', 'no call has this key');
}

function found<T>(state: T | undefined): T {
  if (state === undefined) throw new ServiceError('NO_SUCH_METHOD', 'no call has this key, or it ended long ago');
  return state;
}

async function describeDriver({ host, release }: DriverRoutesOptions): Promise<object> {
  const { driver, settings } = host();
  return {
    api_version: API_VERSION,
    release,
    host: settings.host,
    nodes: await driver.getAvailableNodes(),
    capabilities: driver.capabilities,
    traits: driver.capabilitiesAsTraits?.() ?? {},
    methods: Object.keys(methods).toSorted(),
  };
}

async function answer(
  options: DriverRoutesOptions,
  request: FastifyRequest<{ Params: { method: string }; Body: unknown }>,
  reply: FastifyReply,
  requestId: string,
): Promise<unknown> {
  const name = request.params.method;
  const method = methodOf(name);
  const body = parseBody(name, method, request.body);
  const { uuid, name: instanceName } = instanceOf(body);
  const { calls, host } = options;
  return await calls.run({
    method: name,
    body: request.body,
    requestId,
    key: idempotencyKeyOf(request, method.changes),
    instance: method.changes ? uuid : undefined,
    deadlineMs: deadlineMsOf(request),
    gone: goneSignal(reply),
    run: async (signal) => {
      const served = host();
      requireOffered(name, served);
      const context = { requestId, signal, ...(uuid !== undefined && { flowId: uuid }) };
      const result =
        uuid === undefined || !method.changes
          ? await callMethod(served, options.log, method, body, context)
          : await changeInstance(served, { name, method, body, uuid, instanceName }, context, options.log);
      return method.result instanceof z.ZodNull ? null : result;
    },
  });
}

interface Change {
  readonly name: string;
  readonly method: Omit<Method, 'name'>;
  readonly body: Record<string, unknown>;
  readonly uuid: string;
  readonly instanceName: string;
}

/** Calls a method that changes an instance, which this process owns meanwhile, and records whether Nova still has it. */
async function changeInstance(
  served: ServedHost,
  { name, method, body, uuid, instanceName }: Change,
  context: RequestContext,
  log: Logger,
): Promise<unknown> {
  const { ownership, instances, partitionRecords } = served;
  const onWait = (other: string) =>
    log.info({ event: 'call.waits', instance: uuid, other }, 'waits for another process');
  using _owned = await ownership.acquire(uuid, { signal: context.signal, onWait });
  if (method.ownership === 'begins') instances.begin(uuid, instanceName);
  if (method.ownership === 'keeps') instances.note(uuid, instanceName);
  if (name === 'rescue') instances.recordRescue(uuid, body.block_device_info);
  try {
    const result = await callMethod(served, log, method, body, context);
    if (method.ownership === 'ends') instances.markDestroyed(uuid);
    return result;
  } finally {
    if (method.ownership !== undefined) instances.forgetIfGone(uuid, partitionRecords);
  }
}

async function callMethod(
  { driver, settings, instances, cinder }: ServedHost,
  log: Logger,
  method: Omit<Method, 'name'>,
  body: Record<string, unknown>,
  context: RequestContext,
): Promise<unknown> {
  const records = { rescued: (uuid: string) => instances.rescued(uuid) };
  const rescue = { images: cinder, directory: join(settings.statePath, 'images'), log };
  try {
    return await method.call({ driver, host: settings.host, context, records, rescue }, body as never); // parsed by its schema
  } catch (error) {
    if (error instanceof WrongHostError) throw new ServiceError('INVALID_REQUEST', error.message);
    throw error;
  }
}

function isChange(name: string): boolean {
  return Object.entries(methods).some(([each, { changes }]) => each === name && changes);
}

const refusedBody = z.looseObject({ instance: z.looseObject({}).nullish() });

/** @throws ServiceError for a name that is not in Nova's contract */
function methodOf(name: string): Omit<Method, 'name'> {
  const known: Readonly<Record<string, Omit<Method, 'name'>>> = methods;
  const method = Object.hasOwn(known, name) ? known[name] : undefined;
  if (method !== undefined) return method;
  const refused = Object.entries(refusals).find(([camel]) => snakeCase(camel) === name);
  if (refused === undefined) {
    throw new ServiceError('NO_SUCH_METHOD', `there is no method ${JSON.stringify(name)}; GET /v1/driver lists them`);
  }
  const refuse = () => Promise.reject(new NotImplementedError(name, refused[1]));
  return { summary: '', changes: false, result: z.null(), body: refusedBody, call: refuse };
}

/** Nova's own default for what a driver lacks. */
function requireOffered(name: string, { driver }: ServedHost): void {
  if (name === 'init_host' || name === 'update_provider_tree' || !Object.hasOwn(methods, name)) return;
  if (typeof (driver as unknown as Record<string, unknown>)[camelCase(name)] === 'function') return; // by name, as Nova does
  throw new NotImplementedError(name, { nova: 'NotImplementedError', reason: 'the driver does not have it' });
}

function parseBody(name: string, { body }: Omit<Method, 'name'>, sent: unknown): Record<string, unknown> {
  const parsed = body.safeParse(sent ?? {});
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 3).map((issue) => {
    const where = issue.path.length === 0 ? 'the body' : issue.path.join('.');
    return issue.code === 'unrecognized_keys'
      ? `unknown key ${issue.keys.map((key) => JSON.stringify(key.slice(0, 100))).join(', ')} in ${where}: expected ${keysOf(body)}`
      : `${where}: ${issue.message}`;
  });
  throw new ServiceError('INVALID_REQUEST', `${name}: ${issues.join('; ')}`);
}

function keysOf({ shape }: z.ZodObject): string {
  return Object.keys(shape).join(', ') || 'no key';
}

/** The instance of a body that its schema has accepted. */
function instanceOf({ instance }: Record<string, unknown>): { readonly uuid?: string; readonly name: string } {
  const { uuid, name } = (instance ?? {}) as { readonly uuid?: string; readonly name?: string };
  return { ...(uuid !== undefined && { uuid }), name: name ?? uuid ?? '' };
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
