/* Keystone catalogue and endpoints of the simulators. */
import { get } from 'node:https';
import { expect, test } from 'vitest';
import { CertificateAuthority } from '../../../src/simulator/server/index.ts';
import { field, send, startWorld, type World } from './support.ts';

type Endpoint = Readonly<Record<string, string>>;

async function login(world: World, identity: object, scope?: object): Promise<Awaited<ReturnType<typeof send>>> {
  return send(
    `${world.openstack.keystone.url}/auth/tokens`,
    'POST',
    {},
    { auth: { identity, ...(scope && { scope }) } },
  );
}

const password = (name: string, secret: string) => ({
  methods: ['password'],
  password: { user: { name, password: secret, domain: { name: 'Default' } } },
});

function volumeUrls(body: unknown): string[] {
  const catalog = field(body, 'token', 'catalog') as { type: string; endpoints: Endpoint[] }[];
  const services = catalog.filter(({ type }) => type === 'volumev3' || type === 'block-storage');
  return services.flatMap(({ endpoints }) => endpoints.map((each) => `${each.interface!} ${each.url!}`));
}

test('the catalogue names Cinder under its old and its official type, for all interfaces, with the project', async () => {
  await using world = await startWorld({ keystone: { region: 'Vienna' } });
  const { cinder } = world.openstack;

  const answer = await login(world, password('dpm', 'dpm-of-the-simulator'));

  const each = ['public', 'internal', 'admin'].map((face) => `${face} ${cinder.url}`);
  expect(volumeUrls(answer.body)).toEqual([...each, ...each]);
  expect(field(answer.body, 'token', 'catalog', 0, 'endpoints', 0, 'region')).toBe('Vienna');
});

test('the catalogue can leave the project out, as newer installations do', async () => {
  await using world = await startWorld({ keystone: { catalogWithoutProjectId: true } });

  const answer = await login(world, password('dpm', 'dpm-of-the-simulator'));

  expect(new Set(volumeUrls(answer.body).map((url) => url.split(' ')[1]))).toEqual(
    new Set([`${world.openstack.cinder.rootUrl}/v3`]),
  );
});

test('an application credential logs in by id, with the roles of its user', async () => {
  await using world = await startWorld();
  const id = world.openstack.keystone.credentialId('dpm', 'dpm');
  const secret = 'credential-of-the-simulator';

  const answer = await login(world, { methods: ['application_credential'], application_credential: { id, secret } });

  expect(answer.status).toBe(201);
  expect(field(answer.body, 'token', 'roles', 0, 'name')).toBe('service');
  expect(() => world.openstack.keystone.credentialId('dpm', 'other')).toThrow(RangeError);
});

test.each([
  [
    'another domain',
    { methods: ['password'], password: { user: { name: 'dpm', password: 'x', domain: { name: 'Other' } } } },
    401,
  ],
  ['a known method that is not set up', { methods: ['mapped'], mapped: {} }, 401],
  ['no method', { methods: [] }, 400],
  ['a user without a name', { methods: ['password'], password: { user: { password: 'x' } } }, 400],
  ['a credential without a secret', { methods: ['application_credential'], application_credential: { id: 'x' } }, 400],
  ['a token that is none', { methods: ['token'], token: { id: 'x' } }, 401],
  ['a token that is no text', { methods: ['token'], token: { id: 1 } }, 401],
  [
    'a password that is no text',
    { methods: ['password'], password: { user: { name: 'dpm', password: 1, domain: { id: 'default' } } } },
    401,
  ],
])('Keystone refuses %s', async (_what, identity, status) => {
  await using world = await startWorld();

  expect((await login(world, identity)).status).toBe(status);
});

test('a token made from another lives no longer than that one', async () => {
  await using world = await startWorld({ keystone: { tokenLifetimeMs: 60_000 } });
  const first = await login(world, password('dpm', 'dpm-of-the-simulator'));
  world.advance(30_000);

  const id = first.headers.get('x-subject-token');
  const second = await login(world, { methods: ['token'], token: { id } });

  expect(field(second.body, 'token', 'expires_at')).toBe(field(first.body, 'token', 'expires_at'));
  expect(field(second.body, 'token', 'issued_at')).not.toBe(field(first.body, 'token', 'issued_at'));
});

test('a user who is disabled, and one without a project, cannot get to Cinder', async () => {
  const users = [
    { name: 'off', password: 'off', projects: { p: ['member'] }, enabled: false },
    { name: 'homeless', password: 'homeless', projects: {} },
  ];
  await using world = await startWorld({ users });

  expect((await login(world, password('off', 'off'))).status).toBe(401);
  const unscoped = await login(world, password('homeless', 'homeless'));
  expect(unscoped.status).toBe(201);
  expect(field(unscoped.body, 'token', 'catalog')).toBeUndefined();
});

test('both services serve HTTPS, with links to match', async () => {
  const authority = new CertificateAuthority();
  await using world = await startWorld({ tls: authority.issue() });
  const { keystone, cinder } = world.openstack;
  const read = (url: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = get(url, { ca: authority.pem }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString()));
      });
      request.on('error', reject);
    });

  expect(keystone.url).toMatch(/^https:.*\/v3$/);
  expect(await read(`${keystone.url}/`)).toContain(`"href":"${keystone.url}/"`);
  expect(await read(`${cinder.rootUrl}/`)).toContain(`"href":"${cinder.rootUrl}/v3/"`);
});

test('a port that is taken is an error, and leaves nothing running', async () => {
  await using first = await startWorld();
  const { port } = first.openstack.cinder.server;

  await expect(startWorld({ ports: { cinder: port } })).rejects.toThrow('EADDRINUSE');

  await using second = await startWorld({ ports: { keystone: 0 } });
  expect((await fetch(second.openstack.keystone.url)).status).toBe(200);
});
