import { isUnfinished } from '../journal/index.ts';
import type { FlowSummary } from '../journal/index.ts';
import type { InstanceRecord } from '../instances.ts';
import type { Finding, Views } from './views.ts';

/** Finds flows that no process finishes. */
export function findFlows({ flows, isBusy }: Views): readonly Finding[] {
  return flows
    .filter(({ state, parent }) => {
      if (state === 'damaged') return true; // even a part of another flow, which may not know what this one left
      return parent === undefined && (state === 'stuck' || state === 'waiting' || (state === 'running' && !isBusy));
    })
    .map(({ id, flow, state, leftBehind, waitsFor, error }) => {
      const peer = waitsFor === undefined ? '' : ` for ${waitsFor}`;
      const left = leftBehind.length === 0 ? '' : `, left behind: ${leftBehind.join('; ')}`;
      const detail = `${flow} is ${state}${peer}${left}${error === undefined ? '' : ` (${error})`}`;
      // A damaged flow can be neither finished nor undone; the other findings show what it left.
      const repair = state === 'damaged' ? null : 'resume it: finish it or roll it back';
      return { kind: 'flow', name: id, detail, repair, target: { id } };
    });
}

/** Returns the names of servers in these states for which no flow is open, by UUID. */
function idleServers(
  { instances, flows }: Pick<Views, 'instances' | 'flows'>,
  ...states: readonly InstanceRecord['vmState'][]
): ReadonlyMap<string, string> {
  const open = openSubjects(flows);
  const idle = instances.filter(({ uuid, vmState }) => states.includes(vmState) && !open.has(uuid));
  return new Map(idle.map(({ uuid, name }) => [uuid, name]));
}

export function settledServers(views: Pick<Views, 'instances' | 'flows'>): ReadonlyMap<string, string> {
  return idleServers(views, 'active', 'stopped');
}

/** Returns servers of which only the record should be left. */
export function failedServers(views: Pick<Views, 'instances' | 'flows'>): ReadonlyMap<string, string> {
  return idleServers(views, 'error');
}

/** Returns the instances and volumes of unfinished flows. */
export function openSubjects(flows: readonly FlowSummary[]): ReadonlySet<string | undefined> {
  return new Set(flows.filter(isOpen).map(({ subject }) => subject));
}

export function isOpen({ state }: FlowSummary): boolean {
  return isUnfinished(state);
}
