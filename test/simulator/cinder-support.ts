import { Secret } from '../../src/base/index.ts';
import { openCinder } from '../../src/cinder-client/index.ts';
import type { CinderClient, CinderOptions, Connector } from '../../src/cinder-client/index.ts';
import { quickPolicies } from '../support/cinder-policies.ts';
import type { World } from './openstack/support.ts';

export const instanceUuid = '2f0c8a52-7f1e-4a6e-9c3b-1d2e3f405162';

export const connector: Connector = {
  host: instanceUuid,
  wwpns: ['c05076ffe6800011', 'c05076ffe6800012'],
  platform: 's390x',
  os_type: 'linux',
  multipath: true,
  mountpoint: '/dev/sda',
  mode: 'rw',
};

/** Opens the client under test on the Cinder of a world, as the user that the simulator has for nova-dpm. */
export function openCinderIn({ openstack }: World, more: Partial<CinderOptions> = {}): CinderClient {
  const auth = {
    type: 'password',
    authUrl: openstack.keystone.url,
    username: 'dpm',
    password: new Secret('dpm-of-the-simulator'),
    userDomainId: 'default',
    projectName: 'service',
    projectDomainId: 'default',
  } as const;
  return openCinder({ auth, serviceUser: auth, policies: quickPolicies, ...more });
}
