import { expect, it } from 'vitest';
import { DriverBench } from '../../bench/driver.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { interfaceOn } from '../../src/virt/index.ts';
import { quickPolicies } from '../support/quick-policies.ts';
import { FakeGuest, shells } from './fake-guest.ts';

/** The guest tools configure the NICs of a spawn from the boot parameters that the driver has sent to the HMC. */

/** The files by which the tools know the network service of a distribution. */
const distributions = {
  RHEL: { '/etc/NetworkManager/NetworkManager.conf': '' },
  SLES: { '/etc/sysconfig/network/config': '' },
  Ubuntu: { '/etc/netplan/50-cloud-init.yaml': '' },
  Debian: { '/etc/network/interfaces': '' },
} as const;

const mac = '02:fa:16:3e:00:01';

function adapterOf({ hmc }: Simulator, family: string): string {
  const found = hmc.model.all('adapter').find(({ props }) => props['adapter-family'] === family);
  return found?.props['object-id'] as string;
}

async function parametersSent(machine: 'z13' | 'z14' | 'z17', family: string): Promise<string> {
  await using bench = await DriverBench.open({ machine }, quickPolicies);
  const { sim } = bench;
  const on = (adapterObjectId: string, port: number) => ({ name: 'net', adapterObjectId, port, vlanId: null });
  const network = [
    interfaceOn(on(adapterOf(sim, family), family === 'roce' ? 1 : 0), {
      ...{ mac, address: '10.0.0.5/24', gateway: '10.0.0.1', dns: ['10.0.0.2', '2001:db8::53'] },
    }),
    interfaceOn(on(adapterOf(sim, 'osa'), 1), { address: '2001:db8::5/64' }),
  ];
  await bench.spawn(bench.instance(), 0, true, network);
  return sim.hmc.model.all('partition')[0]?.props['boot-os-specific-parameters'] as string;
}

const rows = Object.entries(distributions).flatMap(([distribution, files]) =>
  shells.map(([name, shell]) => ({ distribution, files, name, shell })),
);

it.each(rows)('$distribution gets the addresses of its NICs, with $name', async ({ distribution, files, shell }) => {
  const scpData = await parametersSent('z13', 'osa');
  using guest = new FakeGuest(shell, { scpData, devices: {}, nics: ['0001', '0004'], files });

  const { log } = guest.run('apply');

  expect(log.filter((line) => line.startsWith('ip '))).toEqual([
    `ip link set dev enc0001 address ${mac}`,
    'ip link set dev enc0001 up',
    'ip address replace 10.0.0.5/24 dev enc0001',
    'ip route replace default via 10.0.0.1 dev enc0001',
    'ip link set dev enc0004 up',
    'ip address replace 2001:0db8:0000:0000:0000:0000:0000:0005/64 dev enc0004',
  ]);
  expect(log).toContain('write 1 > /sys/bus/ccwgroup/devices/0.0.0004/portno');
  expect(guest.read('/etc/resolv.conf').split('\n')).toEqual([
    'nameserver 10.0.0.2',
    'nameserver 2001:0db8:0000:0000:0000:0000:0000:0053',
  ]);
  const forManager = '/run/NetworkManager/system-connections/dpm-0001.nmconnection';
  const forNetworkd = '/run/systemd/network/10-dpm-0001.network';
  expect(guest.has(forManager)).toBe(distribution === 'RHEL');
  expect(guest.has(forNetworkd)).toBe(distribution === 'Ubuntu');
  if (distribution === 'RHEL')
    expect(guest.read(forManager)).toContain('interface-name=enc0001\n\n[ipv4]\naddress1=10.0.0.5/24');
  if (distribution === 'Ubuntu')
    expect(guest.read(forNetworkd)).toContain('Address=10.0.0.5/24\nGateway=10.0.0.1\nDNS=');
});

it('a PCI function is found by its MAC address', async () => {
  const scpData = await parametersSent('z14', 'roce');
  const files = { '/sys/class/net/ens1/address': `${mac}\n` };
  using guest = new FakeGuest(shells[0]?.[1] ?? ['sh'], { scpData, devices: {}, nics: ['0004'], files });

  expect(guest.run('apply').log).toContain('ip address replace 10.0.0.5/24 dev ens1');
});
