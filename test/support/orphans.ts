import { expect } from 'vitest';
import { Secret } from '../../src/base/index.ts';
import type { ComputeManager } from '../../src/compute/index.ts';
import type { Settings } from '../../src/config/index.ts';
import { openHmcSession } from '../../src/hmc-client/index.ts';
import type { HmcSession } from '../../src/hmc-client/index.ts';
import { startWorld } from './world.ts';
import type { World, WorldOptions } from './world.ts';

/** A server with a boot volume. */
export const request = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };

/** A world with a manager, and somebody else at the HMC behind its back. */
export interface OrphanStage {
  readonly world: World;
  readonly manager: ComputeManager;
  readonly hmc: HmcSession;
}

export interface OrphanRow {
  /** Kinds of what is found, each once. */
  readonly kinds: readonly string[];
  readonly what: string;
  readonly options?: WorldOptions;
  /** Settings other than the simulator's own. */
  readonly settings?: (settings: Settings) => Settings;
  /** What is there before, and stays. */
  readonly prepare?: (stage: OrphanStage) => Promise<void>;
  /** @returns what one of the names has to contain */
  readonly make: (stage: OrphanStage) => Promise<string>;
  readonly isSafe: boolean;
}

/** Is what the row makes found and named, cleared when that is safe, and else left as it is, and nothing else touched? */
export async function checkOrphan({ kinds, make, isSafe, options, prepare, settings }: OrphanRow): Promise<void> {
  await using world = await startWorld(options ?? {});
  await using manager = await world.open(settings === undefined ? {} : { settings: settings(world.settings) });
  await using hmc = openHmc(world);
  const stage = { world, manager, hmc };
  await prepare?.(stage);
  expect(await manager.verify(world.context)).toEqual([]);
  const clean = world.sim.snapshot();
  const name = await make(stage);
  const orphaned = world.sim.snapshot();

  const found = await manager.verify(world.context);
  expect(world.sim.snapshot()).toEqual(orphaned); // to look changes nothing
  const repaired = await manager.repair(found, world.context);

  expect([...new Set(found.map((finding) => finding.kind))].toSorted()).toEqual(kinds);
  expect(found.map((finding) => finding.name)).toContainEqual(expect.stringContaining(name));
  expect(found.every(({ detail }) => detail !== '')).toBe(true);
  expect(repaired.map(({ outcome, error }) => [outcome, error])).toEqual(
    found.map(() => [isSafe ? 'repaired' : 'left', null]),
  );
  expect(world.sim.snapshot()).toEqual(isSafe ? clean : orphaned);
  expect(await manager.verify(world.context)).toHaveLength(isSafe ? 0 : found.length);
}

export function openHmc({ settings: { dpm } }: World): HmcSession {
  const password = async () => new Secret(dpm.hmcPassword.reveal());
  return openHmcSession({ urls: dpm.hmcUrls, userid: dpm.hmcUsername, password, tls: {} });
}

/** A partition that is no server's, with a volume that was attached to it without Nova. */
export async function attachToPartition({ manager, hmc, world }: OrphanStage): Promise<void> {
  const cpc = `/api/cpcs/${world.sim.hmc.cpcObjectId}`;
  const size = { iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 };
  await hmc.partitions.create(cpc, { name: 'payroll', ...size }, world.context);
  const choice = { multipath: true, enforceMultipath: false, mode: 'rw' } as const;
  await manager.localAttach({ volume: 'data-2', partition: 'payroll', ...choice }, world.context);
}
