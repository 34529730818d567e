import type { Waiting } from '../../base/index.ts';
import type { HmcSession } from '../../hmc-client/index.ts';
import { portOfNicName } from '../../partition/index.ts';
import type { GuestNic, PlatformGuest, PlatformNic } from '../driver-types.ts';
import type { DpmRuntime } from './runtime.ts';

/** Reads the NICs of a partition that nova-dpm has created, by the ID of their interface. */
export async function readNics(
  hmc: HmcSession,
  uris: readonly string[],
  w: Waiting,
): Promise<ReadonlyMap<string, GuestNic>> {
  const nics = uris.length === 0 ? [] : await hmc.nics.getMany(uris, w);
  return new Map(
    nics.flatMap((nic) => {
      const { name, type = '', macAddress = null, deviceNumber } = nic;
      const id = portOfNicName(name);
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
    const interfaceId = portOfNicName(name);
    const guestUri = uri.split('/nics/')[0] ?? '';
    return interfaceId === undefined ? [] : [{ uri, name, guestUri, interfaceId }];
  });
}
