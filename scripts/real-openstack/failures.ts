import type { ComputeManager } from '../../src/compute/index.ts';
import type { RequestContext } from '../../src/virt/index.ts';
import type { ArrayQuirks, RefusedCall } from './real-array.ts';
import { createVolumes, deleteVolumes } from './scratch-volumes.ts';
import type { ScratchVolumes } from './scratch-volumes.ts';
import { describeVariant } from './stage.ts';
import type { Stage, Variant, WorldState } from './stage.ts';

/** A failure, with the state before it, which must be the state after it. */
interface Trial {
  readonly stage: Stage;
  readonly manager: ComputeManager;
  readonly volumes: ScratchVolumes;
  readonly before: WorldState;
  readonly context: RequestContext;
  readonly tolerated: string | undefined;
}

interface Plan {
  readonly variant: Variant;
  readonly what: string;
  /** A violation that the failure itself causes. */
  readonly tolerated?: string;
}

/** The array always refuses to connect the boot volume, and leaves its mask behind. */
export async function refusedConnection(stage: Stage, variant: Variant): Promise<void> {
  await trial(stage, { variant, what: 'Spawn, while the array refuses to connect' }, async (on) => {
    await refusing(on, { fail: [everyTime('initialize_connection')], after_fail: 'mask' }, () => refuseSpawn(on));
    await compare(on, 'nothing is left of the spawn');
    await deleteFailed(on);
  });
}

/** An administrator removes the mask between map and boot. Cinder does not know it, and the load finds no LUN. */
export async function lostMask(stage: Stage, variant: Variant): Promise<void> {
  // The driver does not know it either, so it rightly requests the removal of the missing mask.
  const plan = {
    variant,
    what: 'Spawn, while the mask is taken away behind the back of Cinder',
    tolerated: 'terminate for a host without access',
  };
  await trial(stage, plan, async (on) => {
    const { probes } = stage.san;
    const from = probes.length;
    stage.san.beforeProbe = () => stage.array.unmask(on.volumes.boot.id);
    await refuseSpawn(on);
    stage.san.beforeProbe = () => undefined;
    const reasons = probes.slice(from).map(({ found }) => (found.ok ? 'found' : found.reason));
    const isBlind = reasons.length > 0 && reasons.every((reason) => reason !== 'found');
    stage.report.check('no load has found the volume', isBlind, reasons.join(', '));
    await compare(on, 'nothing is left of the spawn');
    await deleteFailed(on);
  });
}

/** The second volume cannot be mapped: the server is unchanged. */
export async function refusedAttach(stage: Stage, variant: Variant): Promise<void> {
  await trial(stage, { variant, what: 'Attach, while the array refuses to connect' }, async (on) => {
    const { manager, volumes, context } = on;
    await spawn(on);
    const running = { ...on, before: await stage.snapshot(stage) };
    const attach = () => manager.addVolume('web2', volumes.data.id, {}, context);
    await refusing(on, { fail: [everyTime('initialize_connection')], after_fail: 'mask' }, () =>
      stage.report.refusal('attach fails', attach),
    );
    await compare(running, 'nothing is left of the attach, and the server is as before');
    const { status } = await manager.show('web2', context);
    stage.report.equal('the server is active', status, 'ACTIVE');
    await stage.report.step('delete', () => manager.delete('web2', context));
  });
}

/** The array refuses the first two disconnects: the delete retries and succeeds. */
export async function refusedDisconnection(stage: Stage, variant: Variant): Promise<void> {
  await trial(stage, { variant, what: 'Delete, while the array refuses twice to disconnect' }, async (on) => {
    await spawn(on);
    const twice: RefusedCall = { method: 'terminate_connection', times: 2, error: 'backend' };
    await refusing(on, { fail: [twice] }, () =>
      stage.report.step('delete', () => on.manager.delete('web2', on.context)),
    );
  });
}

async function trial(stage: Stage, plan: Plan, work: (on: Trial) => Promise<void>): Promise<void> {
  const { report, signal } = stage;
  report.heading(`${plan.what}: ${describeVariant(plan.variant)}`);
  const volumes = await createVolumes(stage);
  const before = await stage.snapshot(stage);
  const context = { requestId: 'req-8c7b6a59-4e3d-4c2b-9a10-f0e1d2c3b4a5', signal };
  try {
    await using manager = await stage.open(plan.variant);
    const on = { stage, manager, volumes, before, context, tolerated: plan.tolerated };
    await work(on);
    report.equal('the manager has no servers', await manager.list(context), []);
    await compare(on, 'everything is as before');
  } finally {
    stage.array.behave();
    stage.san.beforeProbe = () => undefined;
  }
  await report.step('the volumes are deleted', () => deleteVolumes(stage, volumes));
}

/** Runs work while the array refuses a method, and checks that it did refuse. */
async function refusing(
  { stage: { array, report } }: Trial,
  quirks: ArrayQuirks & { readonly fail: readonly [RefusedCall] },
  work: () => Promise<unknown>,
): Promise<void> {
  const { serial } = array.read();
  array.misbehave(quirks);
  await work();
  array.behave();
  const [{ method }] = quirks.fail;
  const times = array.refusalsSince(serial, method);
  report.check(`the array has refused ${method}`, times > 0, `${times}x`);
}

const request = { name: 'web2', vcpus: 1, memoryMib: 1024 };

async function spawn({ stage, manager, volumes, context }: Trial): Promise<void> {
  const wanted = { ...request, volumes: [{ volumeId: volumes.boot.id }] };
  await stage.report.step('spawn', () => manager.create(wanted, context));
}

async function refuseSpawn({ stage, manager, volumes, context }: Trial): Promise<void> {
  const wanted = { ...request, volumes: [{ volumeId: volumes.boot.id }] };
  await stage.report.refusal('spawn fails', () => manager.create(wanted, context));
}

/** As in Nova, a server whose spawn failed stays in ERROR with the reason, until it is deleted. */
async function deleteFailed({ stage, manager, context }: Trial): Promise<void> {
  const { status, fault } = await manager.show(request.name, context);
  stage.report.check('the server says why', status === 'ERROR' && fault !== null, `${status}, ${fault?.code ?? '-'}`);
  await stage.report.step('delete', () => manager.delete(request.name, context));
}

/** Checks that the state is as before, except violations that the failure itself caused. */
async function compare({ stage, before, tolerated }: Trial, what: string): Promise<void> {
  const after = await stage.snapshot(stage);
  const news = after.array.violations.slice(before.array.violations.length);
  const others = news.filter((violation) => violation.what !== tolerated);
  if (news.length > others.length) stage.report.note(`the array noticed ${news.length}x: ${tolerated ?? ''}`);
  const violations = [...before.array.violations, ...others];
  stage.report.equal(what, { ...after, array: { ...after.array, violations } }, before);
}

function everyTime(method: RefusedCall['method']): RefusedCall {
  return { method, times: 1_000, error: 'backend' };
}
