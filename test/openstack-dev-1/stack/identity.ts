import { adminPassword, servicePassword, type Service } from './settings.ts';

/** A client of one user: adds the token, and reads JSON. */
export interface Caller {
  readonly projectId: string;
  /** @throws CallError for a status that is no success */
  readonly call: <T>(
    method: string,
    url: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<T>;
}

/** A service refused a request. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Logs the administrator on. @param keystoneUrl - with `/v3` */
export async function logOn(keystoneUrl: string): Promise<Caller> {
  const user = { name: 'admin', domain: { id: 'default' }, password: adminPassword };
  const auth = {
    identity: { methods: ['password'], password: { user } },
    scope: { project: { name: 'admin', domain: { id: 'default' } } },
  };
  const response = await fetch(`${keystoneUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  if (!response.ok) throw new CallError(response.status, `no token: ${await response.text()}`);
  const token = response.headers.get('x-subject-token') ?? '';
  const { token: facts } = (await response.json()) as { token: { project: { id: string } } };
  return {
    projectId: facts.project.id,
    call: async <T>(method: string, url: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
      const isBinary = body instanceof Uint8Array;
      const answer = await fetch(url, {
        method,
        headers: {
          'x-auth-token': token,
          ...(body === undefined || isBinary ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isBinary ? Buffer.from(body) : JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new CallError(answer.status, `${method} ${url}: ${answer.status} ${text.slice(0, 500)}`);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
  };
}

interface Made {
  readonly id: string;
}

/** Makes the users of the services, and the catalogue. */
export async function seedIdentity(keystoneUrl: string, services: readonly Service[]): Promise<void> {
  const { call } = await logOn(keystoneUrl);
  const make = async (kind: string, plural: string, body: object) =>
    (await call<Record<string, Made>>('POST', `${keystoneUrl}/${plural}`, { [kind]: body }))[kind]?.id ?? '';
  const roles = await call<{ roles: (Made & { name: string })[] }>('GET', `${keystoneUrl}/roles`);
  const admin = roles.roles.find(({ name }) => name === 'admin')?.id ?? '';
  const [project, service] = await Promise.all([
    make('project', 'projects', { name: 'service', domain_id: 'default' }),
    make('role', 'roles', { name: 'service' }),
    make('region', 'regions', { id: 'RegionOne' }),
  ]);
  await Promise.all(
    services.map(async ({ name, catalogue }) => {
      if (catalogue === undefined) return;
      if (name !== 'keystone') {
        const user = await make('user', 'users', { name, password: servicePassword, default_project_id: project });
        for (const role of [admin, service]) {
          await call('PUT', `${keystoneUrl}/projects/${project}/users/${user}/roles/${role}`);
        }
      }
      const id = await make('service', 'services', { name, type: catalogue.type });
      await Promise.all(
        ['public', 'internal'].map((face) =>
          make('endpoint', 'endpoints', { service_id: id, interface: face, url: catalogue.url, region: 'RegionOne' }),
        ),
      );
    }),
  );
}
