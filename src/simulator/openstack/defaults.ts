import type { UserOptions } from './keystone/directory.ts';
import type { VolumeOptions } from './options.ts';

/**
 * Users that a simulator has unless others are given. `dpm` may send its token as a service token too, as it has role
 * `service`; `demo` may not. The passwords protect nothing.
 * @public
 */
export const defaultUsers: readonly UserOptions[] = [
  {
    name: 'admin',
    password: 'admin-of-the-simulator',
    projects: { admin: ['admin', 'member', 'reader'] },
    system: ['admin', 'member', 'reader'],
  },
  { name: 'demo', password: 'demo-of-the-simulator', projects: { demo: ['member', 'reader'] } },
  {
    name: 'dpm',
    password: 'dpm-of-the-simulator',
    projects: { service: ['service', 'member', 'reader'] },
    applicationCredentials: [{ name: 'dpm', secret: 'credential-of-the-simulator', project: 'service' }],
  },
];

/**
 * Volumes that a simulator has unless others are given: two with a system on them, two empty.
 * @public
 */
export const defaultVolumes: readonly VolumeOptions[] = [
  { name: 'boot-1', size: 20, bootable: true },
  { name: 'boot-2', size: 20, bootable: true },
  { name: 'data-1', size: 10 },
  { name: 'data-2', size: 10 },
];
