import type { SimulatorSnapshot } from '../../src/simulator/index.ts';

/**
 * A snapshot in which storage volumes have their names in the place of the ids that an HMC makes up. A storage volume
 * that was taken out of its group and brought back is another element of the same content; nothing else tells.
 */
export function withNamedVolumes(snapshot: SimulatorSnapshot): SimulatorSnapshot {
  let text = JSON.stringify(snapshot);
  for (const { name, 'element-id': id } of snapshot.hmc['storage-volume']) {
    if (typeof id === 'string' && typeof name === 'string') text = text.replaceAll(id, `named-${name}`);
  }
  const named = JSON.parse(text) as SimulatorSnapshot; // the same shape, with other texts in it
  const byUri = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  return { ...named, hmc: { ...named.hmc, 'storage-volume': named.hmc['storage-volume'].toSorted(byUri) } };
}
