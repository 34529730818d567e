import { expect, it } from 'vitest';
import { interfaceOn } from './network-info.ts';

const network = { name: 'prod', adapterObjectId: 'osd1', port: 1, vlanId: 120 };

it('an interface on a named network is bound to the adapter port of the settings', () => {
  expect(interfaceOn(network)).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    address: null,
    type: 'dpm_adapter',
    vnicType: 'normal',
    details: { object_id: 'osd1', port_element_id: '1', vlan: 120 },
    network: { id: 'prod', label: 'prod', subnets: [] },
  });
});

it('the addresses of the request become those of its subnet', () => {
  const asked = {
    mac: '02:fa:00:00:00:01',
    address: '10.0.0.5/24',
    gateway: '10.0.0.1',
    dns: ['10.0.0.2', '10.0.0.3'],
  };

  expect(interfaceOn({ ...network, vlanId: null }, asked)).toMatchObject({
    address: '02:fa:00:00:00:01',
    details: { object_id: 'osd1', port_element_id: '1' },
    network: {
      subnets: [
        {
          cidr: '10.0.0.5/24',
          gateway: { address: '10.0.0.1' },
          dns: [{ address: '10.0.0.2' }, { address: '10.0.0.3' }],
          ips: [{ address: '10.0.0.5' }],
        },
      ],
    },
  });
});
