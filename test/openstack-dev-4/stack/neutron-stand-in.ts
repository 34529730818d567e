import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/*
 * The part of Neutron's API that Nova uses: one network with one subnet, and ports in memory. Checks no tokens. Source:
 * nova network/neutron.py, and the requests of Nova 26.
 */

const networkId = '11111111-1111-4111-8111-111111111111';
const subnetId = '22222222-2222-4222-8222-222222222222';
const groupId = '33333333-3333-4333-8333-333333333333';

type Port = Record<string, unknown> & { readonly id: string };

export interface StandIn extends AsyncDisposable {
  readonly networkId: string;
  /** The server of each port. */
  readonly devices: readonly string[];
}

/** Where the ports of a host are bound to: VIF type and details. */
export type BindPort = (host: string) => { readonly type: string; readonly details: object } | undefined;

/** Starts the stand-in on a port of the loopback address. */
export async function startStandIn(port: number, bind: BindPort): Promise<StandIn> {
  const ports = new Map<string, Port>();
  const server = createServer((request, response) => void serve(ports, bind, request, response));
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    networkId,
    get devices() {
      return [...ports.values()].map(({ device_id: device }) => String(device));
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(
  ports: Map<string, Port>,
  bind: BindPort,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const body = text === '' ? {} : (JSON.parse(text) as { port?: object });
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [status, answer] = answerTo(ports, bind, request.method ?? 'GET', url, body.port ?? {});
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(answer === undefined ? undefined : JSON.stringify(answer));
}

function answerTo(
  ports: Map<string, Port>,
  bind: BindPort,
  method: string,
  { pathname, searchParams }: URL,
  wanted: object,
): [number, unknown?] {
  const path = pathname.replace(/\/$/, '');
  const fixed = fixedAnswers[path];
  if (fixed !== undefined) return [200, fixed];
  if (path === '/v2.0/networks') {
    const ids = searchParams.getAll('id');
    return [200, { networks: ids.length === 0 || ids.includes(networkId) ? [network] : [] }];
  }
  if (path.startsWith('/v2.0/quotas/')) return [200, { quota: unlimited }];
  if (path === '/v2.0/ports' && method === 'POST') {
    const made = bound({ ...newPort(ports.size), ...wanted }, bind);
    ports.set(made.id, made);
    return [201, { port: made }];
  }
  if (path === '/v2.0/ports') return [200, { ports: [...ports.values()].filter((port) => fits(port, searchParams)) }];
  const known = ports.get(/^\/v2\.0\/ports\/([\da-f-]{36})$/.exec(path)?.[1] ?? '');
  if (known === undefined) return [404, { NeutronError: { type: 'NotFound', message: `no ${path}`, detail: '' } }];
  if (method === 'DELETE') {
    ports.delete(known.id);
    return [204];
  }
  if (method === 'PUT') ports.set(known.id, bound({ ...known, ...wanted }, bind));
  return [200, { port: ports.get(known.id) }];
}

function fits(port: Port, query: URLSearchParams): boolean {
  return [...query.keys()].every((key) => !(key in port) || query.getAll(key).includes(String(port[key])));
}

let portsMade = 0;

function newPort(count: number): Port {
  portsMade += 1;
  const number = portsMade % 250;
  return {
    id: randomUUID(),
    name: '',
    network_id: networkId,
    tenant_id: '',
    project_id: '',
    device_id: '',
    device_owner: '',
    admin_state_up: true,
    status: 'DOWN',
    mac_address: `fa:16:3e:00:${hex(Math.floor(portsMade / 250))}:${hex(number)}`,
    fixed_ips: [{ subnet_id: subnetId, ip_address: `198.51.100.${4 + (count % 250)}` }],
    security_groups: [groupId],
    'binding:host_id': '',
    'binding:vnic_type': 'normal',
    'binding:profile': {},
    port_security_enabled: true,
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    resource_request: null,
  };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function bound(port: Port, bind: BindPort): Port {
  const host = port['binding:host_id'];
  const place = typeof host === 'string' && host !== '' ? bind(host) : undefined;
  return {
    ...port,
    status: place === undefined ? 'DOWN' : 'ACTIVE',
    'binding:vif_type': place?.type ?? (host === '' ? 'unbound' : 'binding_failed'),
    'binding:vif_details': place?.details ?? {},
  };
}

const network = {
  id: networkId,
  name: 'net1',
  tenant_id: '',
  project_id: '',
  admin_state_up: true,
  status: 'ACTIVE',
  shared: true,
  mtu: 1500,
  subnets: [subnetId],
  'router:external': false,
  port_security_enabled: true,
  'provider:network_type': 'flat',
  'provider:segmentation_id': null,
  'provider:physical_network': 'physnet1',
};

const subnet = {
  id: subnetId,
  name: 'subnet1',
  network_id: networkId,
  ip_version: 4,
  cidr: '198.51.100.0/24',
  enable_dhcp: false,
  gateway_ip: '198.51.100.1',
  dns_nameservers: [],
  host_routes: [],
  allocation_pools: [],
};

const extensions = [
  'binding',
  'quotas',
  'security-group',
  'external-net',
  'port-security',
  'multi-provider',
  'net-mtu',
];

const unlimited = { port: -1, network: -1, security_group: -1, floatingip: -1 };

const fixedAnswers: Readonly<Record<string, unknown>> = {
  '': { versions: [{ id: 'v2.0', status: 'CURRENT', links: [] }] },
  '/v2.0/extensions': { extensions: extensions.map((alias) => ({ alias, name: alias })) },
  [`/v2.0/networks/${networkId}`]: { network },
  '/v2.0/subnets': { subnets: [subnet] },
  '/v2.0/security-groups': { security_groups: [{ id: groupId, name: 'default' }] },
  '/v2.0/floatingips': { floatingips: [] },
};
