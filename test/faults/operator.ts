import { openCinder } from '../../src/cinder-client/index.ts';
import type { Fault } from './kinds.ts';
import type { Scenario } from './scenarios.ts';
import type { Stage } from './stage.ts';
import type { Strike } from './strikes.ts';

/**
 * What only the operators of fabric and Cinder can know and put right: none of it can be seen by a client of Cinder, so
 * no row may ask for more.
 */
export async function operate(stage: Stage, scenario: Scenario, strike: Strike, fault: Fault): Promise<void> {
  if (fault.leavesZones === true) removeStaleZones(stage);
  // A reservation of the flow of old names nobody: made after our deadline, it cannot be told from somebody else's.
  if (strike.operation === 'os-reserve' && fault.kind.type === 'delay') await unreserve(stage, scenario);
}

/** Zones of initiators that no array knows any more. */
function removeStaleZones({ world: { sim } }: Stage): void {
  const { arrays, fabrics } = sim.san.snapshot();
  const masked = new Set(arrays.flatMap(({ masks }) => masks.flatMap(({ initiators }) => initiators)));
  const targets = new Set(sim.san.arrays.flatMap(({ ports }) => ports.map(({ wwpn }) => wwpn)));
  const members = fabrics.flatMap(({ zones }) => zones.flatMap((zone) => zone.members));
  for (const wwpn of members) if (!targets.has(wwpn) && !masked.has(wwpn)) sim.san.unzone(wwpn);
}

async function unreserve({ world }: Stage, { maps }: Scenario): Promise<void> {
  using cinder = openCinder(world.settings.cinder);
  for (const index of maps) await cinder.actions.unreserve(world.sim.volumes[index]!.id, world.context);
}
