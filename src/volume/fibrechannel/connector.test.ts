import { describe, expect, test } from 'vitest';
import { InternalError, wwpnSchema } from '../../base/index.ts';
import { makeConnector } from '../index.ts';

const wwpns = ['c05076d3a1005b20', 'c05076d3a1005b24'].map((text) => wwpnSchema.parse(text));
const host = '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6';
const plain = { wwnnOf: undefined, ip: undefined };

describe('the connector of a partition', () => {
  test('contains the host type, the ports, and the request to use all paths', () => {
    expect(makeConnector(host, wwpns, plain)).toEqual({
      host,
      wwpns: ['c05076d3a1005b20', 'c05076d3a1005b24'],
      platform: 's390x',
      os_type: 'linux',
      multipath: true,
      do_local_attach: false,
    });
  });

  test('omits wwnns and ip if none are configured', () => {
    const connector = makeConnector(host, wwpns, plain);

    expect('wwnns' in connector).toBe(false);
    expect('ip' in connector).toBe(false);
  });

  test('has a node name for each port name, in the same order', () => {
    const wwnnOf = (wwpn: string) => `20${wwpn.slice(2)}`;

    expect(makeConnector(host, wwpns, { ...plain, wwnnOf }).wwnns).toEqual(['205076d3a1005b20', '205076d3a1005b24']);
  });

  test('contains the configured ip', () => {
    expect(makeConnector(host, wwpns, { ...plain, ip: '192.0.2.7' })).toHaveProperty('ip', '192.0.2.7');
  });

  test('is refused without a port, because some back ends would mask the volume to every host', () => {
    expect(() => makeConnector(host, [], plain)).toThrow(InternalError);
  });
});
