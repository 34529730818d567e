import { networkInterfaces } from 'node:os';
import type { Instance } from '../driver-types.ts';
import { NotImplementedError } from './refusals.ts';

/**
 * Checks that a resize stays on this host. Nova names the destination by its address (nova virt/driver.py,
 * get_host_ip_addr), which several compute hosts of one machine share; the bridge by its name.
 *
 * @throws NotImplementedError: the WWPNs of a partition belong to its machine, and the record of it to this host
 */
export function requireSameHost(instance: Instance, destination: string, host: string): void {
  if (destination === host) return;
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  if (addresses.includes(destination)) return;
  throw new NotImplementedError('migrateDiskAndPowerOff', {
    nova: 'InstanceFaultRollback',
    reason: `instance ${instance.name} cannot move to host "${destination}": the WWPNs of its partition stay on this CPC`,
  });
}
