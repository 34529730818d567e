import type { ServerDetail } from '../../../compute/index.ts';
import type { CellMaker } from '../../table-cells.ts';

/** Makes a cell of a field of a server; an empty one where the field is null. */
function of<Name extends keyof ServerDetail>(
  _name: Name,
  lines: (value: NonNullable<ServerDetail[Name]>) => readonly (string | null)[],
): CellMaker {
  // The manager made the value.
  return (value) =>
    value === null || value === undefined
      ? []
      : lines(value as unknown as NonNullable<ServerDetail[Name]>).filter((line) => line !== null);
}

/** The fields of a server as people read them: one line for each volume, WWPN and property. */
export const serverCells: Readonly<Record<string, CellMaker>> = {
  fault: of('fault', ({ code, message, at, request_id: requestId }) => [message, `${code} at ${at}`, requestId]),
  properties: of('properties', (properties) => Object.entries(properties).map(([key, value]) => `${key}=${value}`)),
  connector: of('connector', ({ wwpns }) => wwpns.map((wwpn) => `WWPN ${wwpn}`)),
  boot: of('boot', ({ device, initiator_wwpn: initiator, target_wwpn: target, lun }) => [
    device,
    labelled('initiator', initiator),
    labelled('target', target),
    labelled('LUN', lun),
  ]),
  volumes: of('volumes', (volumes) =>
    volumes.map((volume) =>
      [
        `${volume.name}: ${volume.size_gib} GiB`,
        ...(volume.boot_index === 0 ? ['boot'] : []),
        ...(volume.mode === 'ro' ? ['read-only'] : []),
        volume.device_name,
        volume.paths.length === 1 ? '1 path' : `${volume.paths.length} paths`,
      ].join(', '),
    ),
  ),
  networks: of('networks', (networks) =>
    networks.map((network) =>
      [
        `${network.network}: ${network.addresses.join(' ') || 'no fixed address'}`,
        ...(network.vlan_id === null ? [] : [`VLAN ${network.vlan_id}`]),
        ...(network.mac_address === null ? [] : [network.mac_address]),
        ...(network.nic_type === null ? [] : [network.nic_type]),
        ...(network.device_number === null ? [] : [`device ${network.device_number}`]),
      ].join(', '),
    ),
  ),
};

function labelled(label: string, value: string | null): string | null {
  return value === null ? null : `${label} ${value}`;
}
