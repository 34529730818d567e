import type { Simulator } from '../../src/simulator/index.ts';

/**
 * What the SAN shows to ports of partitions (and of storage groups) that are not those of the volume's server: of each one
 * line. The initiators and what they see are read from the simulators, not from the driver.
 *
 * @param owners - Cinder volume → instance
 */
export function strangersDisks({ hmc, san }: Simulator, owners: ReadonlyMap<string, string>): readonly string[] {
  const volumes = new Map([...owners].map(([id, instance]) => [san.findVolume(id)?.uuid, instance]));
  return initiators(hmc).flatMap(({ wwpn, name }) => {
    const seen = san.snapshot().fabrics.flatMap(({ id }) => san.discover(wwpn, id));
    const uuids = [...new Set(seen.map(({ uuid }) => uuid))];
    const strange = uuids.filter((uuid) => !name.endsWith(volumes.get(uuid) ?? 'of nobody'));
    return strange.map((uuid) => `${name} (${wwpn}) sees the disk ${uuid} of ${volumes.get(uuid) ?? 'nobody'}`);
  });
}

/** Every port there is, with the name of the partition or the storage group that has it. */
function initiators({ model }: Simulator['hmc']): readonly { readonly wwpn: string; readonly name: string }[] {
  const nameOf = (kind: 'partition' | 'storage-group', uri: unknown) =>
    textOf(model.find(kind, textOf(uri))?.props.name);
  const hbas = model
    .all('hba')
    .map(({ props, parent }) => ({ wwpn: textOf(props.wwpn), name: nameOf('partition', parent) }));
  const resources = model.all('virtual-storage-resource').flatMap(({ props, parent }) => {
    const wwpn = props['world-wide-port-name'];
    return typeof wwpn === 'string' ? [{ wwpn, name: nameOf('storage-group', parent) }] : [];
  });
  return [...hbas, ...resources];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
