import { openCinder } from '../../src/cinder-client/index.ts';
import type { Finding } from '../../src/compute/index.ts';
import { otherHmc } from '../support/payroll.ts';
import type { Fault } from './kinds.ts';
import type { Scenario } from './scenarios.ts';
import type { Stage } from './stage.ts';
import type { Strike } from './strikes.ts';

/**
 * What only the operators of fabric and Cinder can know and put right: none of it can be seen by a client of Cinder, so
 * no row may ask for more.
 */
export function operate(stage: Stage, scenario: Scenario, strike: Strike, fault: Fault): void {
  const isLate = fault.kind.type === 'delay';
  const isLateMask = strike.operation === 'os-initialize_connection' && isLate;
  if (isLateMask) removeStaleMasks(stage, scenario);
  if (isLateMask || fault.leavesZones === true) removeStaleZones(stage);
}

/** Masks of volumes that nobody has. */
function removeStaleMasks({ world: { sim } }: Stage, { maps }: Scenario): void {
  const { volumes } = sim.snapshot().cinder;
  const wanted = new Set(maps.map((index) => sim.volumes[index]!.id));
  for (const { id, status } of volumes) if (wanted.has(id) && status === 'available') sim.san.unmask(id);
}

/** Zones of initiators that no array knows any more. */
function removeStaleZones({ world: { sim } }: Stage): void {
  const { arrays, fabrics } = sim.san.snapshot();
  const masked = new Set(arrays.flatMap(({ masks }) => masks.flatMap(({ initiators }) => initiators)));
  const targets = new Set(sim.san.arrays.flatMap(({ ports }) => ports.map(({ wwpn }) => wwpn)));
  const members = fabrics.flatMap(({ zones }) => zones.flatMap((zone) => zone.members));
  for (const wwpn of members) if (!targets.has(wwpn) && !masked.has(wwpn)) sim.san.unzone(wwpn);
}

/**
 * What `dpm verify` names and leaves to a person, as it says: a reservation of the flow of old, which names nobody, so that
 * it cannot be told from one that another host is just making.
 */
export async function takeBackReservations({ world }: Stage, findings: readonly Finding[]): Promise<void> {
  using cinder = openCinder(world.settings.cinder);
  for (const { kind, name, detail, repair } of findings)
    if (kind === 'volume' && repair === null && detail.includes('os-unreserve'))
      await cinder.actions.unreserve(name, world.context);
}

/**
 * A storage group of somebody's partition that an HMC has denied: `dpm verify` has named it, and leaves it to a person,
 * since no state directory tells which volumes were masked to it.
 */
export async function removeStrayGroups({ world, manager }: Stage): Promise<void> {
  const stray = (await manager.verify(world.context)).filter(
    ({ kind, repair }) => kind === 'storage-group' && repair === null,
  );
  if (stray.length === 0) return;
  await using hmc = otherHmc(world);
  for (const { detail } of stray) await hmc.storageGroups.delete(detail.split(':')[0] ?? '', world.context);
}
