import { isUnfinished } from '../journal/index.ts';
import type { FlowSummary } from '../journal/index.ts';
import type { Finding } from './finding.ts';
import type { Views } from './views.ts';

/** A flow that nobody finishes. */
export function findFlows({ flows, isBusy }: Views): readonly Finding[] {
  return flows
    .filter(({ state, parent }) => {
      if (state === 'damaged') return true; // its parent may know nothing of what it left
      return parent === undefined && (state === 'stuck' || state === 'waiting' || (state === 'running' && !isBusy));
    })
    .map(({ id, flow, state, leftBehind, waitsFor, error }) => ({
      kind: 'flow',
      name: id,
      detail: `${flow} is ${state}${waitsFor === undefined ? '' : ` for ${waitsFor}`}${leftBehind.length === 0 ? '' : `, left behind: ${leftBehind.join('; ')}`}${error === undefined ? '' : ` (${error})`}`,
      // What cannot be read can be neither finished nor undone; HMC and Cinder are compared above, whatever it says.
      repair: state === 'damaged' ? null : 'take it up: finish it or go back',
      target: { id },
    }));
}

/** Servers for which no flow has anything to do, by UUID. */
export function settledServers({ instances, flows }: Pick<Views, 'instances' | 'flows'>): ReadonlyMap<string, string> {
  const open = openSubjects(flows);
  const settled = instances.filter(
    ({ uuid, vmState }) => (vmState === 'active' || vmState === 'stopped') && !open.has(uuid),
  );
  return new Map(settled.map(({ uuid, name }) => [uuid, name]));
}

/** Servers of which nothing should be left but their record, by UUID: no flow has anything to do for them any more. */
export function failedServers({ instances, flows }: Pick<Views, 'instances' | 'flows'>): ReadonlyMap<string, string> {
  const open = openSubjects(flows);
  const failed = instances.filter(({ uuid, vmState }) => vmState === 'error' && !open.has(uuid));
  return new Map(failed.map(({ uuid, name }) => [uuid, name]));
}

/** Instances and volumes for which a flow has still something to do. */
export function openSubjects(flows: readonly FlowSummary[]): ReadonlySet<string | undefined> {
  return new Set(flows.filter(isOpen).map(({ subject }) => subject));
}

export function isOpen({ state }: FlowSummary): boolean {
  return isUnfinished(state);
}
