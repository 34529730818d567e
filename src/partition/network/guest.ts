import type { NicInGuest, PlannedNic } from '../network.ts';

/**
 * Returns what the guest has to know of a NIC; nothing for a PCI function without addresses, which the kernel finds itself. A
 * guest finds a PCI function that gets addresses by its MAC address.
 *
 * @param canSetAddress - whether the machine has set the MAC address on the NIC; otherwise the guest sets it
 */
export function toGuest(nic: PlannedNic, deviceNumber: string, canSetAddress: boolean): readonly NicInGuest[] {
  const { macAddress, addresses } = nic.request;
  if (!nic.isChannelDevice && addresses === undefined) return [];
  const isMacNeeded = !canSetAddress || !nic.isChannelDevice;
  const mac = macAddress === null || !isMacNeeded ? {} : { mac: macAddress.replaceAll(':', '') };
  return [{ deviceNumber, port: nic.port === 1 ? 1 : 0, ...mac, ...(addresses === undefined ? {} : { addresses }) }];
}
