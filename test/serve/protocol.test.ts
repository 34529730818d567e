import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NotFoundError, Secret, silentLogger } from '../../src/base/index.ts';
import { startService } from '../../src/serve/index.ts';
import type { Backend, Listen, Service } from '../../src/serve/index.ts';
import { FakeDriver } from '../../src/virt/index.ts';
import type { LifecycleEvent } from '../../src/virt/index.ts';
import { call, send } from '../support/service-client.ts';

const token = 'a-token-of-some-length';
const instance = { uuid: '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6', name: 'web1', flavor: { vcpus: 1, memory_mb: 1024 } };
const settings = { host: 'compute1', statePath: '/none', computeDriver: 'fake.FakeDriver', dpm: { hmcUrls: [] } };

let directory = '';
let socket = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nova-dpm-'));
  socket = join(directory, 'serve.sock');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A service over a driver without a machine. */
async function start({
  listens = [{ kind: 'socket', path: socket }] as readonly Listen[],
  driver = new FakeDriver('compute1', { prepBlockDevice: async () => await Promise.reject(new Error('not asked')) }),
} = {}): Promise<Service> {
  const listener: { onEvent: (event: LifecycleEvent) => void } = { onEvent: () => undefined };
  const nothing = { [Symbol.dispose]: () => undefined };
  const backend = {
    host: {
      settings,
      driver: Object.assign(driver, {
        lifecycleSource: () => ({
          onLifecycle: (onEvent: (event: LifecycleEvent) => void) => {
            listener.onEvent = onEvent;
            return () => undefined;
          },
          onResync: () => () => undefined,
        }),
      }),
      cinder: { check: async () => ({}) },
      ownership: { acquire: async () => nothing },
      instances: {
        begin: () => undefined,
        note: () => undefined,
        markDestroyed: () => undefined,
        forgetIfGone: () => true,
      },
      partitionRecords: {},
    },
    manager: {
      claimService: () => nothing,
      waitingRequests: () => [],
      resumeWaiting: async () => false,
      removeParked: async () => ({ removed: [], kept: [] }),
      pruneHistory: () => undefined,
      listFlows: async () => [],
    },
    paths: { host: 'compute1', paths: async () => [] },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const service = await startService({
    settings: settings as never, // only what the service reads
    listens,
    open: async () => backend as unknown as Backend,
    log: silentLogger,
    describe: (error) => ({
      code: (error as { readonly code?: string }).code ?? 'INTERNAL',
      message: (error as Error).message,
      left_behind: [],
      advice: null,
    }),
    release: '0.1.0',
    graceMs: 1_000,
  });
  await service.ready;
  return service;
}

async function post(method: string, body: unknown, headers = {}) {
  return await send(socket, `/v1/driver/${method}`, { method: 'POST', headers, body });
}

test('only the owner of the socket can use it, and nothing is left of it after the end', async () => {
  await using service = await start();

  expect(statSync(socket).mode & 0o777).toBe(0o600);
  expect(service.urls).toEqual([`unix:${socket}`]);
  await service[Symbol.asyncDispose]();
  expect(() => statSync(socket)).toThrow('ENOENT');
});

test('a second service on the same socket is refused, and the first one goes on', async () => {
  await using _service = await start();

  await expect(start()).rejects.toThrow('another service listens on it');
  expect((await send(socket, '/healthz')).status).toBe(200);
});

test.each([
  ['malformed JSON', '{"instance":', 400],
  ['an array', [], 400],
  ['a number', '1', 400],
  ['a poisoned prototype', '{"__proto__":{"a":1}}', 400],
  ['an oversized body', JSON.stringify({ host: 'x'.repeat(1024 * 1024) }), 413],
])('%s is refused', async (_what, body, status) => {
  await using _service = await start();

  const answer = await post('init_host', body);

  expect(answer.status).toBe(status);
  expect(answer.body.error?.code).toBe(status === 413 ? 'TOO_LARGE' : 'INVALID_REQUEST');
});

test('an unknown key is refused, with the keys that are expected', async () => {
  await using _service = await start();

  const { status, body } = await call(socket, 'spawn', { instance, pwer_on: true });

  expect(status).toBe(400);
  expect(body.error?.message).toBe(
    'spawn: unknown key "pwer_on" in the body: expected instance, network_info, block_device_info, power_on',
  );
});

test('keys that a release of Nova adds to an object are ignored', async () => {
  await using _service = await start();

  expect((await call(socket, 'prepare_for_spawn', { instance: { ...instance, new_in_2027: 1 } })).status).toBe(200);
  expect((await post('instance_exists', { instance })).body).toEqual({ result: true });
});

test('a change without an idempotency key is refused, and the same key is one call', async () => {
  await using _service = await start();
  const headers = { 'idempotency-key': 'k1' };

  expect((await post('prepare_for_spawn', { instance })).status).toBe(400);
  expect((await post('prepare_for_spawn', { instance }, headers)).body).toEqual({ result: null });
  expect((await post('prepare_for_spawn', { instance }, headers)).body).toEqual({ result: null });
  expect((await post('destroy', { instance }, headers)).body.error?.code).toBe('IDEMPOTENCY_MISMATCH');
  expect((await send(socket, '/v1/calls/k1')).body).toEqual({ key: 'k1', method: 'prepare_for_spawn', state: 'done' });
  expect((await send(socket, '/v1/calls/k2')).status).toBe(404);
});

test('errors name the exception of Nova and the request', async () => {
  await using _service = await start();
  const headers = { 'x-openstack-request-id': 'req-1' };

  const gone = await call(socket, 'get_info', { instance }, headers);
  const refused = await post('pause', { instance }, headers);

  expect(gone.status).toBe(422);
  expect(gone.headers['x-openstack-request-id']).toBe('req-1');
  expect(gone.body.error).toMatchObject({ request_id: 'req-1', nova_exception: 'InstanceNotFound' });
  expect(refused).toMatchObject({ status: 501, body: { error: { nova_exception: 'NotImplementedError' } } });
  expect((await post('make_coffee', {})).body.error?.code).toBe('NO_SUCH_METHOD');
});

test('a deadline ends a call, and another form of it is refused', async () => {
  const driver = new FakeDriver('compute1', { prepBlockDevice: async () => await Promise.reject(new Error('no')) });
  const slow = async (_of: unknown, context?: { readonly signal: AbortSignal }) =>
    await new Promise<never>((_resolve, reject) => {
      context?.signal.addEventListener('abort', () => reject(new NotFoundError('rolled back')));
    });
  await using _service = await start({ driver: Object.assign(driver, { prepareForSpawn: slow }) });

  const late = await call(socket, 'prepare_for_spawn', { instance }, { 'x-deadline-seconds': '0.01' });

  expect(late).toMatchObject({ status: 504, body: { error: { code: 'DEADLINE' } } });
  expect((await call(socket, 'prepare_for_spawn', { instance }, { 'x-deadline-seconds': '-1' })).status).toBe(400);
});

test('events are streamed, and resumed with the id of the last one', async () => {
  await using service = await start();
  const event = { instanceUuid: instance.uuid, transition: 'stopped', at: new Date(0) } as const;
  service.events.append(event);
  const [first] = await readEvents('0');
  service.events.append({ ...event, transition: 'started' });

  const [resumed] = await readEvents(first!.id!);

  expect(first).toMatchObject({ event: 'resync', data: '{}' });
  expect(resumed?.event).toBe('lifecycle');
  expect(JSON.parse(resumed!.data!)).toEqual({
    instance_uuid: instance.uuid,
    transition: 'started',
    at: '1970-01-01T00:00:00.000Z',
  });
});

/** Reads the first event of the stream. */
async function readEvents(lastId: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const connection = createConnection(socket);
  connection.write(`GET /v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: ${lastId}\r\n\r\n`);
  let text = '';
  for await (const chunk of connection) {
    text += String(chunk);
    if (/data: .*\n\n/.test(text)) break;
  }
  connection.destroy();
  const lines = [...text.matchAll(/^(id|event|data): (.*)$/gm)].map(([, name = '', value = '']) => [name, value]);
  return [Object.fromEntries(lines) as Readonly<Record<string, string>>];
}

test('a client that leaves in the middle of a request, or sends none, does not disturb the others', async () => {
  await using _service = await start();
  for (const text of [
    'POST /v1/driver/spawn HTTP/1.1\r\nContent-Length: 100\r\n\r\n{',
    '\u0000\u0001nonsense\r\n\r\n',
    '',
  ]) {
    const connection = createConnection(socket);
    connection.on('error', () => undefined);
    await new Promise((resolve) => void connection.write(text, resolve));
    connection.destroy();
  }

  expect((await send(socket, '/v1/driver')).body).toMatchObject({
    api_version: 1,
    host: 'compute1',
    nodes: ['compute1'],
  });
});

test('without the token, a client on the network gets nothing but health', async () => {
  const listens = [{ kind: 'http', address: '127.0.0.1', port: 0, token: new Secret(token) }] as const;
  await using service = await start({ listens });
  const url = service.urls[0]!;
  const status = async (path: string, authorization: string, method = 'GET') =>
    (await fetch(`${url}${path}`, { method, headers: { authorization } })).status;

  for (const wrong of ['', 'Bearer ', `Bearer ${token}x`, `Basic ${token}`]) {
    for (const path of ['/v1/driver', '/v1/events', '/metrics', '/openapi.json', '/v1/paths', '/none'])
      expect(await status(path, wrong)).toBe(401);
    expect(await status('/v1/driver/destroy', wrong, 'POST')).toBe(401);
  }
  expect(await status('/healthz', '')).toBe(200);
  expect(await status('/v1/driver', `Bearer ${token}`)).toBe(200);
});

test('the description has every method, with the schemas of body and result', async () => {
  await using _service = await start();

  const { body } = await send(socket, '/openapi.json');
  const { paths } = body as unknown as { readonly paths: Readonly<Record<string, object>> };

  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining([
      '/v1/driver',
      '/v1/driver/spawn',
      '/v1/events',
      '/v1/calls/{key}',
      '/v1/paths',
      '/metrics',
    ]),
  );
  expect(JSON.stringify(paths['/v1/driver/get_info'])).toContain('"use_cache"');
});

test('a stopping service refuses new calls, and lets the ones that run end', async () => {
  const driver = new FakeDriver('compute1', { prepBlockDevice: async () => await Promise.reject(new Error('no')) });
  let end: () => void = () => undefined;
  const begun = new Promise<void>((onBegun) => {
    const wait = async () =>
      await new Promise<void>((resolve) => {
        end = resolve;
        onBegun();
      });
    Object.assign(driver, { prepareForSpawn: wait });
  });
  const service = await start({ driver });
  const running = call(socket, 'prepare_for_spawn', { instance });
  await begun;
  const stopped = service[Symbol.asyncDispose]();

  const refused = await call(socket, 'destroy', { instance });
  end();

  expect(refused).toMatchObject({ status: 503, body: { error: { code: 'STOPPING' } } });
  expect(refused.headers['retry-after']).toBe('1');
  expect((await running).body).toEqual({ result: null });
  await stopped;
});
