import { createSan, type SanOptions, type SimulatedSan } from '../../../src/simulator/san/index.ts';
import { startOpenstack, type Openstack, type OpenstackOptions } from '../../../src/simulator/openstack/index.ts';
import { FaultEngine, RequestLog, type FaultRule } from '../../../src/simulator/server/index.ts';

/** What a test needs of a running Keystone and Cinder. */
export interface World extends AsyncDisposable {
  readonly openstack: Openstack;
  readonly san: SimulatedSan;
  readonly faults: FaultEngine;
  readonly log: RequestLog;
  /** Moves the clock of both services. */
  advance(ms: number): void;
}

/** Settings of a test's world. */
export type WorldOptions = Omit<Partial<OpenstackOptions>, 'san' | 'faults' | 'log' | 'now'> & {
  readonly sanOptions?: SanOptions;
  readonly faultRules?: readonly FaultRule[];
};

/** Starts both services on a SAN of their own, with a clock that stands still. */
export async function startWorld({ sanOptions, faultRules = [], ...options }: WorldOptions = {}): Promise<World> {
  const san = createSan(sanOptions);
  const faults = new FaultEngine(faultRules);
  const log = new RequestLog();
  let time = Date.UTC(2026, 10, 21, 2, 40, 0);
  const openstack = await startOpenstack({ ...options, san, faults, log, now: () => time });
  return {
    openstack,
    san,
    faults,
    log,
    advance: (ms) => (time += ms),
    [Symbol.asyncDispose]: () => openstack.close(),
  };
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // JSON of any shape: the tests look at it with matchers.
  readonly body: unknown;
}

/** One request by plain fetch; nothing of the project's clients is used here. */
export async function send(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body?: unknown,
): Promise<Answer> {
  // A text is sent as it is, under the type that fetch gives it: malformed bodies are made so.
  const type = body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const init = { method, headers: { accept: 'application/json', ...type, ...headers }, redirect: 'manual' } as const;
  const response = await fetch(url, body === undefined ? init : { ...init, body: text });
  return { status: response.status, headers: response.headers, body: parse(await response.text()) };
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Logs in by password and returns the token. */
export async function tokenOf({ openstack }: World, name: string): Promise<string> {
  const { users, url } = openstack.keystone;
  const user = users.find((each) => each.name === name)!;
  const project = Object.keys(user.projects)[0]!;
  const domain = { id: 'default' };
  const identity = { methods: ['password'], password: { user: { name, password: user.password, domain } } };
  const body = { auth: { identity, scope: { project: { name: project, domain } } } };
  const answer = await send(`${url}/auth/tokens`, 'POST', {}, body);
  return answer.headers.get('x-subject-token') ?? '';
}

/** A caller of Cinder with a token and a microversion; paths are below the project. */
export class Caller {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(base: string, headers: Readonly<Record<string, string>>) {
    this.#base = base;
    this.#headers = headers;
  }

  /** The same caller with other or additional headers. */
  with(headers: Readonly<Record<string, string>>): Caller {
    return new Caller(this.#base, { ...this.#headers, ...headers });
  }

  /** The same caller below another address. */
  from(base: string): Caller {
    return new Caller(base, this.#headers);
  }

  at(version: string): Caller {
    return this.with({ 'openstack-api-version': `volume ${version}` });
  }

  get(path: string): Promise<Answer> {
    return send(this.#base + path, 'GET', this.#headers);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return send(this.#base + path, 'POST', this.#headers, body);
  }

  put(path: string, body: unknown): Promise<Answer> {
    return send(this.#base + path, 'PUT', this.#headers, body);
  }

  delete(path: string): Promise<Answer> {
    return send(this.#base + path, 'DELETE', this.#headers);
  }

  action(volumeId: string, name: string, args: unknown = {}): Promise<Answer> {
    return this.post(`/volumes/${volumeId}/action`, { [name]: args });
  }

  async attach(volumeId: string, connector: unknown, instance?: string): Promise<Answer> {
    const attachment = { volume_uuid: volumeId, connector, ...(instance && { instance_uuid: instance }) };
    return this.post('/attachments', { attachment });
  }

  async statusOf(volumeId: string): Promise<unknown> {
    return (await this.get(`/volumes/${volumeId}`)).body;
  }
}

/** A caller at 3.44, with a token of user `dpm`, or of the noauth administrator. */
export async function callerIn(world: World, user = 'dpm'): Promise<Caller> {
  const { cinder } = world.openstack;
  const token = cinder.auth === 'noauth' ? cinder.noauthToken : await tokenOf(world, user);
  return new Caller(cinder.url, { 'x-auth-token': token, 'openstack-api-version': 'volume 3.44' });
}

/** The connector of a partition with two ports. */
export function connectorOf(partition: number): Record<string, unknown> {
  const wwpns = [1, 2].map((port) => `c05076ffe68000${partition}${port}`);
  return { host: `partition-${partition}`, wwpns, multipath: true, platform: 's390x', os_type: 'linux' };
}

/** A field of a body, by the names on the way to it. */
export function field(body: unknown, ...path: readonly (string | number)[]): unknown {
  let value: unknown = body;
  for (const name of path) value = (value as Record<string | number, unknown> | undefined)?.[name]; // anything has fields or none
  return value;
}
