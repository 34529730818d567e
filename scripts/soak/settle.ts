import { isDeepStrictEqual } from 'node:util';
import { describeError } from '../../src/base/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { SimulatorSnapshot } from '../../src/simulator/index.ts';
import { withNamedVolumes } from '../../test/support/snapshots.ts';
import type { World } from '../../test/support/world.ts';

export function lookAt({ sim }: World): SimulatorSnapshot {
  return withNamedVolumes(sim.snapshot());
}

/**
 * Repairs as an operator would: resumes stuck flows, deletes the servers, and checks for orphans. @returns all
 * differences from the start
 */
export async function settleAll(world: World, start: SimulatorSnapshot): Promise<readonly string[]> {
  try {
    await using manager = await world.open();
    const resumed = await resumeStuck(manager, world);
    const deleted = await deleteAll(manager, world);
    const findings = await manager.verify(world.context);
    const open = await manager.listFlows({ open: true });
    return [
      ...resumed,
      ...deleted,
      ...findings.map(({ kind, name, detail }) => `verify: ${kind} ${name}: ${detail}`),
      ...open.map(({ flow, id, error }) => `flow ${flow} ${id} is still open: ${error ?? ''}`),
      ...differences(start, lookAt(world)),
    ];
  } catch (error) {
    return [`the repair failed:  ${describeError(error)}`];
  }
}

async function resumeStuck(manager: ComputeManager, { context }: World): Promise<string[]> {
  const problems: string[] = [];
  for (const { id, flow, parent } of await manager.listFlows({ open: true })) {
    // A flow that has ended may have closed later ones.
    const isOpen = (await manager.listFlows({ open: true })).some((each) => each.id === id);
    if (parent !== undefined || !isOpen) continue;
    await manager.resumeFlow(id, context).catch((error: unknown) => {
      problems.push(`flow ${flow} ${id} cannot be resumed:  ${describeError(error)}`);
    });
  }
  return problems;
}

async function deleteAll(manager: ComputeManager, { context }: World): Promise<string[]> {
  const problems: string[] = [];
  for (const { id, name } of await manager.list(context)) {
    await manager.delete(id, context).catch((error: unknown) => {
      problems.push(`server ${name} cannot be deleted: ${describeError(error)}`);
    });
  }
  return problems;
}

/** Lists all differences from the start, by their place in the snapshot. */
function differences(start: SimulatorSnapshot, end: SimulatorSnapshot): string[] {
  const parts = ({ hmc, san, cinder }: SimulatorSnapshot) => Object.entries({ ...hmc, ...san, ...cinder });
  const was = new Map<string, readonly unknown[]>(parts(start));
  return parts(end).flatMap(([kind, list]: [string, readonly unknown[]]) => {
    const before = was.get(kind) ?? [];
    const added = list.filter((each) => !before.some((other) => isDeepStrictEqual(each, other)));
    const gone = before.filter((each) => !list.some((other) => isDeepStrictEqual(each, other)));
    return [
      ...added.map((each) => `only at the end:  ${kind} ${JSON.stringify(each)}`),
      ...gone.map((each) => `only at the start:  ${kind} ${JSON.stringify(each)}`),
    ];
  });
}
