import { readFileSync } from 'node:fs';
import { until, type ServerInterface } from './cloud.ts';
import { compare } from './picture.ts';
import { remove, type Scene } from './round-trip.ts';
import { textOf } from './text.ts';
import type { Host } from './world.ts';

/** Ports of real Neutron become NICs of the partition, and go with it. */
export async function networks(scene: Scene, host: Host): Promise<void> {
  const { report, cloud, things, world } = scene;
  const { networkId, vlanNetworkId } = world.stack.neutron;
  const hasVlans = host.machine.name !== 'z13';
  report.heading(`Networks of Neutron on a ${host.machine.name}`);
  const id = await cloud.createServer({
    ...{ name: `nets-${host.name}`, flavor: things.small, host: host.name, image: things.system },
    network: true,
  });
  await report.step(`${host.name}: boot with a port`, async () => await cloud.untilServer(id, 'ACTIVE'));
  const same = async (what: string) => {
    const expected = nicsOf(await cloud.interfaces(id), { vlan: vlanNetworkId, hasMacs: hasVlans });
    report.equal(
      `${host.name}: ${what}: the partition has the NICs of the ports`,
      nicsOnHmc(host, id, hasVlans),
      expected,
    );
    await compare(report, `${host.name}: ${what}`, scene, host);
  };
  await same('after the boot');
  const more = await report.step(
    `${host.name}: attach an interface`,
    async () => await cloud.attachInterface(id, hasVlans ? vlanNetworkId : networkId),
  );
  await same('after the attach');
  if (!hasVlans) {
    const refused = await cloud.attachInterface(id, vlanNetworkId).then(
      () => 'attached',
      () => 'refused',
    );
    report.equal(`${host.name}: an interface on a VLAN is refused`, refused, 'refused');
    await same('after the refusal');
  }
  await report.step(`${host.name}: detach the interface`, async () => {
    await cloud.detachInterface(id, more.port_id);
    await until('the port is gone', async () => (await cloud.interfaces(id)).length === 1);
  });
  await same('after the detach');
  await remove(cloud, [id]);
  await compare(report, `${host.name}: after delete`, scene, host);
}

/** A host without the physical network of the port: Neutron does not bind it, and says why. */
export async function unboundPort({ report, cloud, things, world }: Scene, host: Host): Promise<void> {
  report.heading('A physical network that the host does not reach');
  const network = world.stack.neutron.unreachableNetworkId;
  const id = await cloud.createServer({
    ...{ name: `unbound-${host.name}`, flavor: things.small, host: host.name, image: things.system },
    network,
  });
  await report.step(
    `${host.name}: Nova says that the port was not bound`,
    async () => await cloud.untilServer(id, 'ERROR'),
    ({ fault }) => fault?.message ?? 'no fault',
  );
  const log = readFileSync(world.stack.bed.processes.logFile('neutron'), 'utf8');
  const line = log.split('\n').find((each) => each.includes(`not bound by dpm on host "${host.name}"`)) ?? 'no line';
  const reason = 'physical network "physnet2" has no adapter port on host';
  report.equal(`${host.name}: the log of Neutron says why`, line.includes(reason) ? reason : line, reason);
  await remove(cloud, [id]);
}

interface SeenNic {
  readonly name: string;
  readonly mac: string;
  readonly vlan: number | null;
}

const byName = (one: SeenNic, other: SeenNic) => one.name.localeCompare(other.name);

/** A z13 chooses the MAC addresses itself. */
function nicsOf(
  interfaces: readonly ServerInterface[],
  { vlan, hasMacs }: { readonly vlan: string; readonly hasMacs: boolean },
): readonly SeenNic[] {
  return interfaces
    .map(({ port_id: port, net_id: network, mac_addr: mac }) => ({
      name: `OpenStack_Port_${port}`,
      mac: hasMacs ? mac : '',
      vlan: network === vlan ? 120 : null,
    }))
    .sort(byName);
}

function nicsOnHmc(host: Host, instance: string, hasMacs: boolean): readonly SeenNic[] {
  const { model } = host.machine.hmc;
  const partition = model.all('partition').find(({ props }) => textOf(props.name).endsWith(instance));
  const nics = partition === undefined ? [] : model.childrenOf(partition, 'nic');
  return nics
    .map(({ props }) => ({
      name: textOf(props.name),
      mac: hasMacs ? textOf(props['mac-address']) : '',
      vlan: typeof props['vlan-id'] === 'number' ? props['vlan-id'] : null,
    }))
    .sort(byName);
}
