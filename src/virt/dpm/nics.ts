import type { Waiting } from '../../base/index.ts';
import type { HmcSession, Nic } from '../../hmc-client/index.ts';
import { isOurElementName } from '../../partition/index.ts';
import type { GuestNic, PlatformGuest, PlatformNic } from '../driver-types.ts';
import type { DpmRuntime } from './runtime.ts';

/** Returns the ID of the interface that a NIC belongs to; undefined for a NIC of another owner. */
function interfaceIdOf({ name }: Pick<Nic, 'name'>): string | undefined {
  return isOurElementName(name) ? name.slice('OpenStack_Port_'.length) : undefined;
}

/** Reads the NICs of a partition that nova-dpm has created, by the ID of their interface. */
export async function readNics(
  hmc: HmcSession,
  uris: readonly string[],
  w: Waiting,
): Promise<ReadonlyMap<string, GuestNic>> {
  const nics = uris.length === 0 ? [] : await hmc.nics.getMany(uris, w);
  return new Map(
    nics.flatMap((nic) => {
      const id = interfaceIdOf(nic);
      const { name, type = '', macAddress = null, deviceNumber } = nic;
      return id === undefined ? [] : [[id, { name, type, macAddress, deviceNumber }] as const];
    }),
  );
}

/** Reads the NICs of these guests that nova-dpm has created. No NIC: no request; otherwise one, if the HMC reads in bulk. */
export async function listNics(
  { hmc }: DpmRuntime,
  guests: readonly PlatformGuest[],
  w: Waiting,
): Promise<readonly PlatformNic[]> {
  const uris = guests.flatMap(({ nicUris }) => nicUris);
  const nics = uris.length === 0 ? [] : await hmc.nics.getMany(uris, w);
  return nics.flatMap(({ uri, name }) => {
    const interfaceId = interfaceIdOf({ name });
    const guestUri = uri.split('/nics/')[0] ?? '';
    return interfaceId === undefined ? [] : [{ uri, name, guestUri, interfaceId }];
  });
}
