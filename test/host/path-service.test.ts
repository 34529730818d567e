/* dpm path-service answers clients with the token, and changes nothing. */
import { request } from 'node:http';
import { expect, it } from 'vitest';
import { NotFoundError, Secret, silentLogger } from '../../src/base/index.ts';
import type { PathRecord } from '../../src/volume/index.ts';
import { startPathService } from '../../src/serve/index.ts';
import { askHosts } from '../../src/volume/paths/index.ts';
import type { PathSource } from '../../src/volume/paths/index.ts';

const token = 'a-token-of-some-length';
const signal = new AbortController().signal;

const path: PathRecord = {
  ...{
    connector: 'lnx1',
    kind: 'host',
    server: null,
    volume_name: 'data-1',
    volume_id: 'v1',
    initiator_wwpn: 'c05076ffe680a590',
  },
  ...{ adapter_port: 'ccw-0.0.8001', fabric: null, target_wwpn: '5005076802160417', lun: '0002000000000000' },
  ...{ device_number: '8001', device: '/dev/sda', map: '/dev/dm-0', state: 'active', detail: 'it answers' },
};
const orphan = { host: 'lnx1', kind: 'zfcp-unit', name: 'u', detail: 'd', repair: null };

function source(change: Partial<PathSource> = {}): PathSource {
  return {
    host: 'lnx1',
    paths: async (volume) => {
      if (volume === 'gone') throw new NotFoundError('volume "gone" does not exist');
      return [{ ...path, volume_id: volume ?? 'v1' }];
    },
    searchPaths: async () => [{ connector: 'lnx1', kind: 'host', server: null, search_path: '/dev/disk/by-path' }],
    orphans: async () => [orphan],
    ...change,
  };
}

async function start(change: Partial<PathSource> = {}): ReturnType<typeof startPathService> {
  const options = { token: new Secret(token), listen: '127.0.0.1', port: 0, log: silentLogger };
  return await startPathService({ ...options, source: source(change) });
}

async function ask(url: string, options: RequestInit = {}) {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, ...options });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, never> };
}

it('answers paths, search path and orphans to a client with the token', async () => {
  await using service = await start();

  expect((await ask(`${service.url}/v1/paths`)).body).toEqual({ host: 'lnx1', paths: [path] });
  expect((await ask(`${service.url}/v1/volumes/data%201/paths`)).body.paths).toEqual([
    { ...path, volume_name: 'data-1', volume_id: 'data 1' },
  ]);
  expect((await ask(`${service.url}/v1/search-path`)).body.search_paths).toHaveLength(1);
  expect((await ask(`${service.url}/v1/orphans?x=1`)).body.orphans).toEqual([orphan]);
});

it.each<[string, Record<string, string>]>([
  ['no header', {}],
  ['another token', { authorization: `Bearer ${token}x` }],
  ['the token in another scheme', { authorization: `Basic ${token}` }],
  ['an empty token', { authorization: 'Bearer ' }],
])('refuses %s with 401, whatever was asked, and asks nobody', async (_what, headers) => {
  let asked = 0;
  await using service = await start({
    paths: async () => {
      asked += 1;
      return [];
    },
  });

  for (const place of ['/v1/paths', '/openapi.json', '/nothing']) {
    const { status, headers: answered } = await ask(`${service.url}${place}`, { headers });
    expect(status).toBe(401);
    expect(answered.get('www-authenticate')).toBe('Bearer');
  }
  expect(asked).toBe(0);
});

it('changes nothing: any method but GET is refused', async () => {
  await using service = await start();

  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const headers = { authorization: `Bearer ${token}` };
    expect((await ask(`${service.url}/v1/paths`, { method, headers })).status).toBe(405);
  }
});

it.each([
  '/v1/volumes/gone/paths',
  '/v1/volumes/%00/paths',
  '/v1/volumes/%/paths',
  '/v1/',
  '/v1/volumes/a/b/paths',
  '/',
])('answers 404 for %s', async (place) => {
  await using service = await start();

  const { status, body } = await ask(`${service.url}${place}`);

  expect(status).toBe(404);
  expect(body.error).toMatchObject({ code: 'NOT_FOUND' });
});

it('reports a failure, and continues to answer', async () => {
  await using service = await start({ orphans: () => Promise.reject(new Error('the HMC is away')) });

  const failed = await ask(`${service.url}/v1/orphans`);

  expect(failed).toMatchObject({ status: 500, body: { error: { message: 'the HMC is away' } } });
  expect((await ask(`${service.url}/v1/paths`)).status).toBe(200);
});

it('describes itself in OpenAPI 3.1, with a schema of every field that it answers', async () => {
  await using service = await start();

  const { body } = await ask(`${service.url}/openapi.json`);
  const description = body as unknown as {
    openapi: string;
    paths: Record<string, { get: { responses: Record<string, { content: Record<string, { schema: object }> }> } }>;
  };
  const schema = description.paths['/v1/paths']?.get.responses['200']?.content['application/json']?.schema;

  expect(description.openapi).toBe('3.1.0');
  expect(Object.keys(description.paths).toSorted()).toEqual([
    '/openapi.json',
    '/v1/orphans',
    '/v1/paths',
    '/v1/search-path',
    '/v1/volumes/{volume}/paths',
  ]);
  const item = (schema as { properties: { paths: { items: { properties: object; required: string[] } } } }).properties
    .paths.items;
  expect(Object.keys(item.properties).toSorted()).toEqual(Object.keys(path).toSorted());
  expect(JSON.stringify(description)).not.toContain('#/$defs');
  expect(Object.keys(description.paths['/v1/paths']!.get.responses)).toContain('401');
});

it('refuses headers beyond its bounds, and a crowd beyond what it can look for', async () => {
  const waiting: (() => void)[] = [];
  await using service = await start({
    paths: async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return [];
    },
  });

  const long = await new Promise<number | undefined>((resolve, reject) => {
    const sent = request(`${service.url}/v1/paths`, { headers: { authorization: `Bearer ${'x'.repeat(20_000)}` } });
    sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
    sent.end();
  });
  const crowd = Array.from({ length: 40 }, async () => (await ask(`${service.url}/v1/paths`)).status);
  const refused = await Promise.any(
    crowd.map(async (one) => ((await one) === 503 ? 503 : Promise.reject(new Error('no')))),
  );
  const release = setInterval(() => waiting.splice(0).forEach((go) => go()), 1);
  const statuses = await Promise.all(crowd);
  clearInterval(release);

  expect(long).toBe(431);
  expect(refused).toBe(503);
  expect(new Set(statuses)).toEqual(new Set([200, 503])); // those that were taken are answered
});

it('lets what is under way end when it stops, and takes nothing new', async () => {
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const service = await start({
    paths: async () => {
      begin();
      await finished;
      return [];
    },
  });
  const answer = ask(`${service.url}/v1/paths`);
  await begun;
  const { url } = service;
  const stopped = service[Symbol.asyncDispose]();
  const late = fetch(`${url}/v1/paths`);
  finish();

  await expect(late).rejects.toThrow();
  expect((await answer).status).toBe(200);
  await stopped;
});

it('puts the findings of several hosts together, and names a host that cannot be asked rather than call it clean', async () => {
  await using first = await start();
  await using second = await start({ orphans: async () => [{ ...orphan, host: 'lnx2' }, orphan] });
  await using broken = await start({ orphans: () => Promise.reject(new Error('no Cinder')) });
  const urls = [second.url, first.url, broken.url, 'http://127.0.0.1:1'];

  const found = await askHosts({ urls, token: new Secret(token), log: silentLogger }, { signal });

  expect(found.map(({ host, kind }) => [host, kind])).toEqual([
    ['http://127.0.0.1:1', 'host'],
    [broken.url, 'host'],
    ['lnx1', 'zfcp-unit'],
    ['lnx2', 'zfcp-unit'],
  ]);
  expect(found.find(({ host }) => host === broken.url)?.detail).toMatch(/no Cinder/);
});

it('sends the token to nobody who could be listened to on the way', async () => {
  const asking = askHosts(
    { urls: ['http://lnx9.example:6795'], token: new Secret(token), log: silentLogger },
    { signal },
  );

  await expect(asking).rejects.toThrow(/https:\/\/HOST:PORT/);
});
