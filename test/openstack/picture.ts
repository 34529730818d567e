import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { textOf } from './text.ts';
import type { Props } from '../../src/simulator/index.ts';
import type { Report } from '../../scripts/real-openstack/report.ts';
import type { Cloud, Server, Volume } from './cloud.ts';
import type { Host, World } from './world.ts';

/** What exists, as sorted lines that people can compare. */
export interface Picture {
  /** `host server: status`. */
  readonly partitions: readonly string[];
  /** `volume -> server`: the array shows the volume to all ports of the server's partition, and to no other. */
  readonly masks: readonly string[];
  /** `volume server: status` of Cinder's attachments. */
  readonly attachments: readonly string[];
  /** `volume: status`. */
  readonly volumes: readonly string[];
  /** `port of server`. */
  readonly ports: readonly string[];
}

/** How long services and duties may take to bring all in order after Nova says that it is done. */
const SETTLE_MS = 90_000;

/**
 * Compares HMC, SAN and Cinder with what Nova says, until they agree.
 *
 * @param scope - the host of the scenario, if another scenario works on other hosts at the same time: lines that name
 *   another host are left out
 */
export async function compare(
  report: Report,
  what: string,
  { world, cloud }: { readonly world: World; readonly cloud: Cloud },
  scope?: Host,
): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  const others = world.hosts.map(({ name }) => name).filter((name) => scope !== undefined && name !== scope.name);
  for (;;) {
    const [expected, actual] = [within(others, await whatMustHold(cloud)), within(others, await whatIs(world, cloud))];
    if (!isDeepStrictEqual(actual, expected) && Date.now() < deadline) {
      await sleep(500);
      continue;
    }
    report.equal(`${what}: HMC, SAN and Cinder agree with Nova`, actual, expected);
    return;
  }
}

function within(others: readonly string[], picture: Picture): Picture {
  const entries = Object.entries(picture as unknown as Record<string, readonly string[]>).map(([kind, lines]) => [
    kind,
    lines.filter((line) => !others.some((other) => line.includes(other))).sort(),
  ]);
  return Object.fromEntries(entries) as Picture; // the same keys
}

/** What follows from Nova's servers. */
async function whatMustHold(cloud: Cloud): Promise<Picture> {
  const [servers, volumes] = [await cloud.servers(), await cloud.volumes()];
  const nameOf = volumeNames(servers, volumes);
  const attached = servers.flatMap((server) =>
    server.status === 'ERROR'
      ? []
      : server['os-extended-volumes:volumes_attached'].map(({ id }) => ({ server, id, volume: nameOf(id) })),
  );
  const onHost = servers.filter(isOnHost);
  return {
    partitions: onHost.map(
      (server) => `${server['OS-EXT-SRV-ATTR:host'] ?? ''} ${server.name}: ${partitionStatus(server)}`,
    ),
    masks: attached.filter(({ server }) => isOnHost(server)).map(({ server, volume }) => `${volume} -> ${server.name}`),
    attachments: attached.map(
      ({ server, volume }) => `${volume} ${server.name}: ${isOnHost(server) ? 'attached' : 'reserved'}`,
    ),
    volumes: volumes.map(({ id }) => {
      const server = attached.find((each) => each.id === id)?.server;
      const status = server === undefined ? 'available' : isOnHost(server) ? 'in-use' : 'reserved';
      return `${nameOf(id)}: ${status}`;
    }),
    ports: servers.flatMap(({ name, addresses }) => {
      const macs = Object.values(addresses)
        .flat()
        .map((address) => address['OS-EXT-IPS-MAC:mac_addr']);
      return [...new Set(macs)].map(() => `port of ${name}`);
    }),
  };
}

/** Nova gives no name to a volume that it makes of an image. */
function volumeNames(servers: readonly Server[], volumes: readonly Volume[]): (id: string) => string {
  return (id) => {
    const name = volumes.find((each) => each.id === id)?.name ?? '';
    if (name !== '') return name;
    const owner = servers.find((server) =>
      server['os-extended-volumes:volumes_attached'].some((each) => each.id === id),
    );
    return owner === undefined ? id : `root of ${owner.name}`;
  };
}

function isOnHost({ status }: Server): boolean {
  return status !== 'SHELVED_OFFLOADED' && status !== 'ERROR';
}

function partitionStatus({ status }: Server): string {
  return status === 'SHUTOFF' ? 'stopped' : 'active';
}

/** What HMC, SAN and Cinder have. */
async function whatIs(world: World, cloud: Cloud): Promise<Picture> {
  const [servers, volumes, attachments] = [await cloud.servers(), await cloud.volumes(), await cloud.attachments()];
  const serverName = (id: string | null | undefined) => servers.find((each) => each.id === id)?.name ?? id ?? 'nobody';
  const volumeName = volumeNames(servers, volumes);
  // A server that is shelved keeps its attachments, so its partition stays parked.
  const isShelved = (id: string) => servers.some((each) => each.id === id && each.status === 'SHELVED_OFFLOADED');
  const partitions = partitionsOf(world).filter(({ instance, status }) => status !== 'parked' || !isShelved(instance));
  return {
    partitions: partitions.map(({ host, instance, status }) => `${host} ${serverName(instance)}: ${status}`),
    masks: world.san
      .snapshot()
      .arrays.flatMap(({ masks }) => masks)
      .map(({ volumeId, initiators }) => {
        const seer = partitions.find(({ wwpns }) => isDeepStrictEqual(wwpns, initiators.toSorted()));
        return `${volumeName(volumeId)} -> ${seer === undefined ? initiators.join(' ') : serverName(seer.instance)}`;
      }),
    attachments: attachments.map(
      ({ volume_id: volume, instance, status }) => `${volumeName(volume)} ${serverName(instance)}: ${status}`,
    ),
    volumes: volumes.map(({ id, status }) => `${volumeName(id)}: ${status}`).sort(),
    ports: (await world.stack.neutron.devices()).map((id) => `port of ${serverName(id)}`),
  };
}

interface SeenPartition {
  readonly host: string;
  readonly instance: string;
  readonly status: string;
  readonly wwpns: readonly string[];
}

/** The partitions of all hosts. One that another owner made would be listed with its name. */
function partitionsOf({ hosts }: World): SeenPartition[] {
  const machines = new Set(hosts.map(({ machine }) => machine));
  return [...machines].flatMap(({ hmc }) => {
    const snapshot = hmc.snapshot();
    return snapshot.partition.map((partition) => {
      const [name, description] = [textOf(partition.name), textOf(partition.description)];
      const host = hosts.find((each) => name.startsWith(`OpenStack-${each.name}-`))?.name;
      return {
        host: host ?? 'nobody',
        instance: host === undefined ? name : name.slice(`OpenStack-${host}-`.length),
        status: description.endsWith(' parked') ? 'parked' : textOf(partition.status),
        wwpns: wwpnsOf(snapshot, textOf(partition['object-uri'])),
      };
    });
  });
}

/** WWPNs of the vHBAs (z13), or of the virtual storage resources (later machines). */
function wwpnsOf(
  snapshot: Readonly<Record<'hba' | 'virtual-storage-resource', readonly Props[]>>,
  partitionUri: string,
): string[] {
  const hbas = snapshot.hba.filter((hba) => textOf(hba['element-uri']).startsWith(`${partitionUri}/`));
  const resources = snapshot['virtual-storage-resource'].filter((each) => each['partition-uri'] === partitionUri);
  return [
    ...hbas.map(({ wwpn }) => textOf(wwpn)),
    ...resources.map((each) => textOf((each['world-wide-port-name-info'] as Props)['world-wide-port-name'])),
  ].sort();
}
