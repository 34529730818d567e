import type { NicInGuest, PlannedNic } from '../network.ts';

/**
 * Returns what the guest has to know of a NIC; nothing for a PCI function without addresses, which the kernel finds itself.
 *
 * @param canSetAddress - whether the machine has set the MAC address on the NIC; otherwise the guest sets it
 */
export function toGuest(nic: PlannedNic, deviceNumber: string, canSetAddress: boolean): readonly NicInGuest[] {
  const { macAddress, addresses } = nic.request;
  if (!nic.isChannelDevice && addresses === undefined) return [];
  const mac = macAddress === null || canSetAddress ? {} : { mac: macAddress.replaceAll(':', '') };
  return [{ deviceNumber, port: nic.port === 1 ? 1 : 0, ...mac, ...(addresses === undefined ? {} : { addresses }) }];
}
