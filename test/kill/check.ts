import { isDeepStrictEqual } from 'node:util';
import type { ComputeManager, ServerDetail } from '../../src/compute/index.ts';
import type { SimulatorSnapshot } from '../../src/simulator/index.ts';
import type { Act } from '../support/worker/order.ts';
import { look } from './stage.ts';
import type { Stage } from './stage.ts';
import { deleteAll } from './stage.ts';

/** Whether a killed operation was finished by the restart, or undone. Anything in between is an error. */
export type Outcome = 'finished' | 'undone';

/**
 * After the restart, all sides are of one mind; and after a plain delete nothing is left anywhere.
 *
 * @throws Error saying what is not so
 */
export async function check(
  stage: Stage,
  manager: ComputeManager,
  act: Act,
  before: SimulatorSnapshot,
): Promise<Outcome> {
  const { world, empty } = stage;
  await requireNothingOpen(manager, stage);
  const outcome = await outcomeOf(stage, manager, act);
  if (outcome === 'undone' && !isPower(act)) requireSame('undone, but not as before', before, look(world));
  await deleteAll(manager, world);
  await requireNothingOpen(manager, stage);
  requireSame('not clean after a delete', empty, look(world));
  return outcome;
}

async function requireNothingOpen(manager: ComputeManager, { world }: Stage): Promise<void> {
  const open = await manager.listFlows({ open: true });
  const found = await manager.verify(world.context);
  if (open.length > 0) throw new Error(`flows are open: ${JSON.stringify(open)}`);
  if (found.length > 0) throw new Error(`verify finds ${JSON.stringify(found)}`);
}

async function outcomeOf({ world }: Stage, manager: ComputeManager, act: Act): Promise<Outcome> {
  if (act.verb === 'local-attach' || act.verb === 'local-detach') return outcomeOfLocal(act, world.sim.snapshot());
  const [summary, ...others] = await manager.list(world.context);
  if (others.length > 0) throw new Error(`${others.length} servers too many`);
  if (summary === undefined) return act.verb === 'delete' ? 'finished' : requireCreate(act);
  const server = await manager.show(summary.id, world.context);
  requireIdle(server, act);
  if (server.status === 'ERROR') return 'undone';
  requireAttached(server, world.sim.snapshot());
  return isDone(act, server) ? 'finished' : 'undone';
}

/** There is no server that counts the volume as its own: Cinder does, or not. */
function outcomeOfLocal({ verb }: Act, { cinder, san }: SimulatorSnapshot): Outcome {
  const used = cinder.volumes.filter(({ status }) => status !== 'available').map(({ status }) => status);
  const masks = san.arrays.flatMap((array) => array.masks);
  if (used.some((status) => status !== 'in-use') || (used.length === 0) !== (masks.length === 0))
    throw new Error(`volumes are ${used.join() || 'available'}, with ${masks.length} masks`);
  return used.length > 0 === (verb === 'local-attach') ? 'finished' : 'undone';
}

function requireCreate(act: Act): Outcome {
  if (act.verb !== 'create') throw new Error('the server is gone');
  return 'undone';
}

/** A status that a person can act on, that agrees with the machine; ERROR only where nothing was built. */
function requireIdle(server: ServerDetail, act: Act): void {
  const { status, task_state: task, partition_status: partition } = server;
  const expected = { ACTIVE: 'active', RESCUE: 'active', SHUTOFF: 'stopped' }[status];
  const isBuildUndone = act.verb === 'create' && status === 'ERROR' && partition === null && server.fault !== null;
  if (task === null && (isBuildUndone || (expected !== undefined && expected === partition))) return;
  throw new Error(`server is ${status} (task ${task ?? 'none'}) with partition ${partition ?? 'none'}`);
}

/** What the server counts as its volumes, Cinder has attached; and nothing else. */
function requireAttached(server: ServerDetail, { cinder }: SimulatorSnapshot): void {
  const counted = server.volumes.map(({ volume_id: id }) => id).sort();
  const inUse = cinder.volumes
    .filter(({ status }) => status !== 'available')
    .map(({ id, status }) => `${id} ${status}`);
  const expected = counted.map((id) => `${id} in-use`);
  if (!isDeepStrictEqual(inUse.sort(), expected))
    throw new Error(`volumes: ${inUse.join()}, expected ${expected.join()}`);
}

function isDone(act: Act, { boot, boot_volume, status, volumes, networks, vcpus, properties }: ServerDetail): boolean {
  switch (act.verb) {
    case 'boot-from-volume':
      return boot?.device !== 'iso-image';
    case 'rescue':
      return status === 'RESCUE';
    case 'unrescue':
      return status === 'ACTIVE';
    case 'rebuild':
      return boot_volume === 'boot-2';
    case 'add-volume':
      return volumes.length === 2;
    case 'remove-volume':
      return volumes.length === 1;
    case 'add-network':
      return networks.length === 1;
    case 'remove-network':
      return networks.length === 0;
    case 'resize':
      return vcpus === act.vcpus;
    case 'set':
      return isDeepStrictEqual(properties, act.properties);
    case 'stop':
    case 'soft-stop':
      return status === 'SHUTOFF';
    case 'delete':
    case 'local-attach':
    case 'local-detach':
      return false; // they have no server
    case 'recover':
    case 'create':
    case 'start':
    case 'reboot':
      return status === 'ACTIVE';
  }
}

function isPower({ verb }: Act): boolean {
  return verb === 'start' || verb === 'stop' || verb === 'soft-stop' || verb === 'reboot';
}

export function requireSame(what: string, expected: SimulatorSnapshot, actual: SimulatorSnapshot): void {
  if (isDeepStrictEqual(expected, actual)) return;
  throw new Error(`${what}: ${differences(expected, actual, '').slice(0, 12).join('; ')}`);
}

/** Paths at which two plain values differ, with both values. */
function differences(expected: unknown, actual: unknown, path: string): string[] {
  if (isDeepStrictEqual(expected, actual)) return [];
  if (!isTree(expected) || !isTree(actual)) {
    return [`${path}: ${JSON.stringify(expected)} -> ${JSON.stringify(actual)}`.slice(0, 300)];
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...keys].flatMap((key) => differences(expected[key], actual[key], `${path}/${key}`));
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
