import { join } from 'node:path';
import { z } from 'zod';
import { neverAborted, Secret } from '../../src/base/index.ts';
import { volumeConnections } from '../../src/cinder-client/index.ts';
import type { CinderAuth, CinderClient } from '../../src/cinder-client/index.ts';
import { conversationBase, loadConversations, PlayError } from './conversations.ts';
import type { Exchange } from './conversations.ts';

const call = z.strictObject({
  /** `getVolume`, `attachments.create`, `actions.reserve`, or `connections.reserve` for the flow that the server speaks. */
  verb: z.string(),
  /** `$w` stands for the signal's options. */
  args: z.array(z.json()),
  /** This call fails, and the next is made all the same. */
  fails: z.boolean().default(false),
});

/** The credentials of the test: none of them is real. */
export const credentials = {
  none: { type: 'none', endpoint: 'http://cinder.test:8776/v3/feedc0de00000000000000000000beef' },
  'none, without a project': { type: 'none', endpoint: 'http://cinder.test:8776' },
  password: {
    type: 'password',
    authUrl: 'http://keystone.test:5000/v3',
    username: 'demo',
    password: new Secret('invented-password'),
    userDomainName: 'Default',
    projectName: 'demo',
    projectDomainId: 'default',
  },
  'password, by ids': {
    type: 'password',
    authUrl: 'http://keystone.test:5000',
    userId: 'd71d4606f3b94bdfbe764ead13604ebf',
    password: new Secret('invented-password'),
    projectId: 'd3068ad9e2bd4341a62e2087acfd262d',
  },
  'password, without a project': {
    type: 'password',
    authUrl: 'http://keystone.test:5000/identity/',
    username: 'demo',
    password: new Secret('invented-password'),
    userDomainId: 'default',
  },
  'application credential': {
    type: 'v3applicationcredential',
    authUrl: 'http://keystone.test:5000/v3/',
    id: '457e5c18e6b149579cb6d4b3be364071',
    secret: new Secret('invented too'),
  },
  'application credential, by name': {
    type: 'v3applicationcredential',
    authUrl: 'http://keystone.test:5000/v3',
    name: 'cli',
    secret: new Secret('invented too'),
    username: 'demo',
    userDomainId: 'default',
  },
  service: {
    type: 'password',
    authUrl: 'http://keystone.test:5000/v3',
    username: 'nova',
    password: new Secret('invented as well'),
    userDomainId: 'default',
    projectName: 'service',
    projectDomainId: 'default',
  },
} satisfies Record<string, CinderAuth>;

const credential = z.literal(Object.keys(credentials) as (keyof typeof credentials)[]); // keys of a literal object

/** One conversation with Cinder and Keystone: calls in order, and how the last one ends. */
const conversation = z.strictObject({
  ...conversationBase,
  auth: credential.default('none'),
  serviceUser: credential.optional(),
  settings: z
    .strictObject({
      endpointOverride: z.string().optional(),
      catalogInfo: z.string().optional(),
      regionName: z.string().optional(),
      interface: z.string().optional(),
    })
    .default({}),
  /** The version document that comes before the exchanges says so; null: the exchanges are all there is. */
  maximum: z.string().nullable().default('3.70'),
  order: z.enum(['in order', 'any order']).default('in order'),
  calls: z.array(call).min(1),
  expect: z.union([
    z.strictObject({ result: z.json() }),
    /** Only what is named. */
    z.strictObject({ resultLike: z.json() }),
    z.strictObject({
      error: z.strictObject({
        name: z.string(),
        code: z.string(),
        facts: z.record(z.string(), z.json()).optional(),
        /** The whole chain. */
        message: z.string(),
      }),
    }),
    z.strictObject({ nothing: z.literal(true) }),
  ]),
});

export type CinderPlay = z.output<typeof conversation>;

const token = 'admin:feedc0de00000000000000000000beef';

function versions(maximum: string): Exchange {
  const versions = [{ id: 'v3.0', status: 'CURRENT', version: maximum, min_version: '3.0' }];
  return { method: 'GET', path: '/v3/', reply: { status: 200, body: { versions } } };
}

/** All that goes over the wire in a play, the version document included. */
export function exchangesOfCinder({ auth, maximum, exchanges }: CinderPlay): Exchange[] {
  const all = maximum === null ? exchanges : [versions(maximum), ...exchanges];
  if (auth !== 'none') return all;
  return all.map((it) => ({ ...it, headers: { 'X-Auth-Token': token, 'X-Service-Token': null, ...it.headers } }));
}

const w = { signal: neverAborted() };

/** Calls verbs by name, as the fixtures are data: what it finds is checked to be a function. */
export async function performOnCinder(cinder: CinderClient, calls: CinderPlay['calls']): Promise<unknown> {
  let result: unknown;
  for (const { verb, args, fails } of calls) {
    const [owner = '', method] = verb.split('.');
    const target: unknown = owner === 'connections' ? await volumeConnections(cinder, w) : cinder;
    const holder: unknown =
      method === undefined || owner === 'connections' ? target : Reflect.get(Object(target), owner);
    const found: unknown = Reflect.get(Object(holder), method ?? owner);
    if (typeof found !== 'function') throw new PlayError(`there is no verb ${verb}`);
    const ended = Reflect.apply(found, holder, args.map(fillIn)) as Promise<unknown>; // apply says any; every verb is one
    if (!fails) result = await ended;
    else if (await succeeds(ended)) throw new PlayError(`${verb} did not fail`);
  }
  return result;
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return await work.then(
    () => true,
    () => false,
  );
}

function fillIn(argument: unknown): unknown {
  if (argument === '$w') return w;
  return argument === '$undefined' ? undefined : argument;
}

/** The moment at which the tokens of the recordings were issued. */
export const recordedAt = Date.parse('2026-11-21T02:41:00Z');

/** The conversations of all verbs with Cinder and Keystone, by file. */
export function loadCinderPlays(): (readonly [string, CinderPlay])[] {
  return loadConversations(join(import.meta.dirname, '../fixtures/cinder'), conversation);
}
