import type { FaultKind } from '../../server/index.ts';
import { accepted, done, ok, type Call } from '../call.ts';
import { errorBody } from '../error-body.ts';
import type { HmcContext } from '../context.ts';
import type { JobFault, JobOutcome, JobPlan } from '../jobs.ts';
import { textOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { closeConsole, openConsole, say } from '../os-console.ts';
import { startableStatuses, statusOf, stoppableStatuses, transitionalStatuses } from '../rules/statuses.ts';
import { hasIncompleteGroup, incompleteBootGroup } from '../storage/boot-volume.ts';
import type { SimResponse } from '../../server/index.ts';
import { load } from './boot.ts';
import { missingCapacity } from './capacity.ts';
import { initiatorsOf, logInPorts } from './initiators.ts';
import { isPortUsable, type LoadResult } from './load-path.ts';

type StatusEnd = Extract<FaultKind, { type: 'status' }>['end'];

const succeeded: JobOutcome = { status: 204, results: null };

/** Start Partition: a job; the status trails it. */
export function startPartition(call: Call, partition: Resource): SimResponse {
  refuseTransitional(partition);
  const { context } = call;
  if (!startableStatuses.includes(statusOf(partition))) return answerWithJob(call, lateRefusal(context, partition));
  const missing = [...missingCapacity(context, partition), ...incompleteBootGroup(context, partition)];
  const before = statusOf(partition);
  const end = takeStatusFault(call);
  const fault = takeJobFault(call);
  beginTransition(partition, 'starting');
  const plan = {
    durationMs: context.timing.startMs,
    run: () => (missing.length === 0 ? activate(context, partition, end) : failToReserve(context, partition, missing)),
    cancel: () => setStatus(partition, before),
    fault,
  };
  return answerWithJob(call, plan);
}

/** Stop Partition: a job; 409.1 at once where nothing runs (zhmc-ansible-modules issue 474). */
export function stopPartition(call: Call, partition: Resource): SimResponse {
  refuseTransitional(partition);
  const { context } = call;
  const before = statusOf(partition);
  if (!stoppableStatuses.includes(before)) refuse('wrongStatus', `the partition is in status '${before}'`);
  const end = takeStatusFault(call);
  const fault = takeJobFault(call);
  beginTransition(partition, 'stopping');
  const plan = {
    durationMs: context.timing.stopMs,
    run: () => deactivate(context, partition, end),
    cancel: () => setStatus(partition, before),
    fault,
  };
  return answerWithJob(call, plan);
}

/** Starts a job of the request's user that takes as long as the timing says; or does its work at once, without a job. */
export function answerWithJob(call: Call, plan: Omit<JobPlan, 'userid' | 'sessionId'>): SimResponse {
  const { context, session } = call;
  const starter = { userid: session.user.userid, sessionId: session.id };
  if (context.options.jobs !== false) return accepted(context.jobs.start({ ...starter, ...plan }));
  const { status, reason = 0, results } = plan.run();
  if (status < 400) return results === null ? done : ok(results);
  return errorBody(status, reason, JSON.stringify(results), call.req, session.user.userid);
}

/** What a fault rule makes of the job that the request starts. */
export function takeJobFault(call: Call): JobFault | undefined {
  const { fault } = call.req;
  if (fault?.kind.type !== 'job') return undefined;
  fault.take();
  const { outcome, status = 500, reason = 0, effect = outcome === 'lost' ? 'done' : 'none' } = fault.kind;
  return { outcome, status, reason, effect };
}

function takeStatusFault(call: Call): StatusEnd | undefined {
  const { fault } = call.req;
  if (fault?.kind.type !== 'status') return undefined;
  fault.take();
  return fault.kind.end;
}

function refuseTransitional(partition: Resource): void {
  const status = statusOf(partition);
  if (transitionalStatuses.includes(status)) refuse('wrongStatus', `the partition is in status '${status}'`);
}

/** Start on a partition that is not stopped is accepted, and its job fails (zhmcclient issue 228); old HMCs say `error`. */
function lateRefusal(context: HmcContext, partition: Resource): Omit<JobPlan, 'userid' | 'sessionId'> {
  const key = context.hmc.level < 14 ? 'error' : 'message';
  const text = `the partition is in status '${statusOf(partition)}' and cannot be started`;
  const [status, reason] = context.reasons.wrongStatus;
  return { durationMs: context.timing.jobMs, run: () => ({ status, reason, results: { [key]: text } }) };
}

/** Transitions of each partition, counted: what an earlier one arranged must not happen in a later one. */
const transitions = new WeakMap<Resource, number>();

function beginTransition(partition: Resource, status: 'starting' | 'stopping'): void {
  transitions.set(partition, (transitions.get(partition) ?? 0) + 1);
  setStatus(partition, status);
}

/** Arranges something for later, unless the partition has begun another transition by then. */
function later(context: HmcContext, partition: Resource, ms: number, act: () => void): void {
  const transition = transitions.get(partition);
  context.agenda.after(ms, () => {
    if (transitions.get(partition) === transition) act();
  });
}

/** The status trails the end of the job; meanwhile a started partition reads `paused`. */
function trail(context: HmcContext, partition: Resource, meanwhile: string, status: string): void {
  setStatus(partition, context.timing.statusLagMs > 0 ? meanwhile : status);
  later(context, partition, context.timing.statusLagMs, () => setStatus(partition, status));
}

function failToReserve(context: HmcContext, partition: Resource, missing: readonly string[]): JobOutcome {
  setStatus(partition, 'reservation-error');
  if (context.options.reservationErrorJob !== 'failed') return succeeded;
  const [status, reason] = context.reasons.wrongStatus;
  return { status, reason, results: { message: missing.join('; ') } };
}

function activate(context: HmcContext, partition: Resource, end: StatusEnd | undefined): JobOutcome {
  if (end === 'reservation-error') return failToReserve(context, partition, []);
  takePartitionId(context, partition);
  logInPorts(context, partition);
  openConsole(context, partition);
  if (end === 'stalled') {
    later(context, partition, context.timing.stallMs, () => setStatus(partition, 'paused'));
    return succeeded;
  }
  const result = end === 'paused' || end === 'terminated' ? failedByRule : load(context, partition);
  if (result.outcome === 'nothing') closeConsole(context, partition);
  say(context, partition, result.messages);
  showOperatingSystem(partition, result.outcome === 'loaded');
  finishStart(context, partition, result, end);
  return succeeded;
}

const failedByRule: LoadResult = { outcome: 'failed', messages: ['MLOSCS064E: the load was made to fail'] };

function finishStart(context: HmcContext, partition: Resource, result: LoadResult, end: StatusEnd | undefined): void {
  if (result.outcome === 'loaded') {
    const down = end === 'degraded' ? adaptersOf(context, partition) : brokenAdapters(context, partition);
    partition.props['degraded-adapters'] = down;
    const isDegraded = down.length > 0 || end === 'degraded' || hasIncompleteGroup(context, partition);
    trail(context, partition, 'paused', isDegraded ? 'degraded' : 'active');
    return;
  }
  const failure = end === 'terminated' || end === 'paused' ? end : failureStatus(context, result);
  if (failure !== 'starting') {
    trail(context, partition, 'paused', failure);
    return;
  }
  const timeoutMs = Number(partition.props['boot-timeout'] ?? 60) * 1000;
  later(context, partition, timeoutMs, () => setStatus(partition, 'paused'));
}

function failureStatus({ options }: HmcContext, { outcome }: LoadResult): string {
  return outcome === 'nothing' ? 'paused' : (options.bootFailure ?? 'paused');
}

function deactivate(context: HmcContext, partition: Resource, end: StatusEnd | undefined): JobOutcome {
  if (end === 'stalled') {
    later(context, partition, context.timing.stallMs, () => release(context, partition));
    return succeeded;
  }
  if (end === 'paused' || end === 'terminated' || end === 'degraded') {
    setStatus(partition, end);
    return succeeded;
  }
  later(context, partition, context.timing.statusLagMs, () => release(context, partition, end ?? 'stopped'));
  return succeeded;
}

/** Takes everything back that an activation gave. */
function release(context: HmcContext, partition: Resource, status = 'stopped'): void {
  for (const { wwpn } of initiatorsOf(context, partition)) context.san.logout(wwpn);
  closeConsole(context, partition);
  showOperatingSystem(partition, false);
  partition.props['degraded-adapters'] = [];
  if (partition.props['autogenerate-partition-id'] !== false) partition.props['partition-id'] = null;
  setStatus(partition, status);
}

function takePartitionId({ model }: HmcContext, partition: Resource): void {
  if (partition.props['autogenerate-partition-id'] === false) return;
  const taken = new Set(
    model
      .all('partition')
      .filter(({ parent }) => parent === partition.parent)
      .map(({ props }) => props['partition-id']),
  );
  const ids = Array.from({ length: 0x80 }, (_, id) => id.toString(16).padStart(2, '0'));
  partition.props['partition-id'] = ids.find((id) => !taken.has(id)) ?? null;
}

function showOperatingSystem({ props }: Resource, isRunning: boolean): void {
  const isLinux = isRunning && props.type === 'linux';
  props['os-name'] = isLinux ? 'LINUX' : '';
  props['os-type'] = isLinux ? 'Linux' : '';
  props['os-version'] = isLinux ? '6.8.0' : '';
}

function brokenAdapters(context: HmcContext, partition: Resource): string[] {
  const known = initiatorsOf(context, partition).filter(({ portUri }) => portUri !== '');
  return adapterUris(known.filter(({ portUri }) => !isPortUsable(context, portUri)));
}

function adaptersOf(context: HmcContext, partition: Resource): string[] {
  return adapterUris(initiatorsOf(context, partition).slice(0, 1));
}

function adapterUris(initiators: readonly { portUri: string }[]): string[] {
  return [...new Set(initiators.map(({ portUri }) => portUri.split('/storage-ports/')[0] ?? portUri))];
}

/** Sets the status of a partition. */
export function setStatus(partition: Resource, status: string): void {
  partition.props.status = status;
}

/** The operating system shuts down, which takes a while, and leaves `terminated` (IBM WS API, Partition object: Data model, Z16M-A01). */
export function shutDown(context: HmcContext, partition: Resource): void {
  later(context, partition, context.timing.shutdownMs, () => {
    if (!['active', 'degraded'].includes(statusOf(partition))) return;
    say(context, partition, ['reboot: Power down']);
    setStatus(partition, 'terminated');
  });
}

/** What an operating system does to its partition by its own action: it ends (`paused`) or crashes (`terminated`). */
export function endFromInside(context: HmcContext, partition: Resource, status: 'paused' | 'terminated'): void {
  if (!['active', 'degraded'].includes(statusOf(partition)))
    throw new Error(`${textOf(partition.props, 'name')} does not run`);
  say(context, partition, [status === 'paused' ? 'System halted.' : 'Kernel panic - not syncing']);
  setStatus(partition, status);
}
