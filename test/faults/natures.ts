import type { Failpoint } from '../../src/base/index.ts';
import type { FaultKind } from '../../src/simulator/index.ts';
import { isBeside } from './strikes.ts';
import type { Strike } from './strikes.ts';
import { DONE, isPivot, isVerb, lastSteps } from './flows.ts';
import type { Fault } from './kinds.ts';
import type { Row } from './run-row.ts';
import { stepOf } from './sample.ts';

/** Where a blow strikes, for the table of endings. */
export const places = ['aside', 'before', 'begin', 'there', 'both', 'past', 'back', 'power', 'verb', 'alone'] as const;
/**
 * - aside: nothing depends on it: a job is forgotten, or the caller is told how things are after all is done;
 * - before: before the first step, nothing is journaled yet;
 * - begin: a delete has found nothing to take away yet, and can be given up;
 * - there: on the way forward, where there is a way back;
 * - both: there, and the same request is struck again on the way back;
 * - past: past the point of no return;
 * - back: on the way back, of a flow that failed for another reason;
 * - power: a start, stop or reboot, which is no flow;
 * - verb: a spawn or destroy that nobody journals, and that is called again;
 * - alone: an attach or detach that nobody journals, which undoes its own work.
 */
export type Place = (typeof places)[number];

export function placeOf(row: Row, hasStruckWayBack: boolean): Place {
  const { blow, scenario } = row;
  // A session that is not renewed is nobody's own.
  if (blow.kind === 'fault' && isBeside(blow.strike) && blow.fault.also === undefined) return 'aside';
  if (scenario.rests === 'in any power state') return 'power';
  if (scenario.isVerb === true) return scenario.rests === 'on the way' ? 'verb' : 'alone';
  if (scenario.failsAt !== undefined) return 'back';
  const step = stepOf(row);
  if (step === '') return 'before';
  if (step.endsWith(`/${DONE}`)) return 'aside';
  if (step === 'delete/destroy' || step === 'destroy/find-partition') return 'begin';
  if (isPivot(step)) return 'past';
  return hasStruckWayBack ? 'both' : 'there';
}

/** What a blow is, as far as the ending depends on it. */
export interface Nature {
  /** What goes wrong. */
  readonly kind: string;
  /** What kind of request it strikes; empty where none is struck. */
  readonly request: string;
  readonly times: 'once' | 'for good';
}

export function natureOf({ blow }: Pick<Row, 'blow'>): Nature {
  if (blow.kind !== 'fault') return { kind: blow.kind, request: pointOf(blow.point), times: 'once' };
  const { fault, strike } = blow;
  return { kind: kindOf(fault), request: requestOf(strike), times: fault.times };
}

/** Of the engine's own points: an act is tried again with its step, and the last step ends the flow. */
function pointOf({ flow, step }: Failpoint): string {
  if (isVerb(flow)) return 'act';
  return lastSteps.has(`${flow}/${step}`) ? 'last step' : 'step';
}

const cinderChanges: Readonly<Record<string, string>> = {
  'Create Attachment': 'Cinder create',
  'Update Attachment': 'Cinder map',
  'os-initialize_connection': 'Cinder map of old',
  'Delete Attachment': 'Cinder unmap',
  'os-terminate_connection': 'Cinder unmap',
  'os-reserve': 'Cinder status',
  'os-begin_detaching': 'Cinder status',
};

/** Read in one request with others of its kind, and by itself where that fails. */
const entries = /^Get (HBA|Virtual Storage Resource|Storage Volume) Properties$/;
const jobs: ReadonlySet<string> = new Set(['Start Partition', 'Stop Partition', 'Start FCP Storage Discovery']);

function requestOf({ server, operation, method, isRefused }: Strike): string {
  if (server === 'cinder') return method === 'GET' ? 'Cinder read' : (cinderChanges[operation] ?? 'Cinder change');
  if (operation === 'Validate LUN Path') return 'trial';
  if (operation === 'Query Job Status') return 'poll';
  if (operation === 'Submit Requests') return 'bulk';
  if (entries.test(operation)) return 'entry';
  if (jobs.has(operation)) return 'job';
  if (isRefused) return 'repeat';
  return method === 'GET' ? 'read' : 'change';
}

function kindOf({ kind, also, at, deceives, isSlow, times }: Fault): string {
  if (also?.operation === 'Logon' || also?.operation === 'Create Token') return kindOfLogon(also);
  if (also !== undefined) return 'answer lost, and the look for it refused';
  if (at !== undefined) return `${at.operation} fails`;
  if (isSlow === true && times === 'for good') return 'no answer until the deadline';
  switch (kind.type) {
    case 'refuse':
      return kindOfRefusal(kind, deceives === true);
    case 'drop':
      return kind.when === 'before' ? 'request lost' : 'answer lost';
    case 'job':
      return `job ${kind.outcome}${kind.effect === 'done' ? ', done' : ''}`;
    case 'status':
      return `ends ${kind.end}`;
    case 'delay':
      return 'late';
    case 'stuck':
      return 'volume stuck';
    case 'backend-error':
    case 'malformed':
    case 'html':
    case 'truncate':
    case 'wrong-schema':
    case 'refuse-connection':
    case 'session-lost':
    case 'restart':
    case 'lose':
    case 'repeat':
      return kind.type;
  }
}

function kindOfLogon({ kind, times }: NonNullable<Fault['also']>): string {
  if (times !== -1) return 'logon, in time';
  return kind.type === 'html' ? 'logon, not answered' : 'logon, refused';
}

function kindOfRefusal({ status, reason, headers }: Extract<FaultKind, { type: 'refuse' }>, isDenial: boolean): string {
  if (isDenial) return 'denied';
  if (headers?.['Retry-After'] === '86400') return `busy for long, ${status}`;
  if (headers !== undefined) return `busy, ${status}`;
  if (status === 409 && reason === 2) return 'busy, 409';
  return `refused, ${status}`;
}
