import { isBeside } from './strikes.ts';
import type { Strike } from './strikes.ts';
import { DONE, isPivot } from './flows.ts';
import type { Fault } from './kinds.ts';
import type { Row } from './run-row.ts';
import { stepOf } from './sample.ts';

/** Where a blow strikes, for the table of endings. */
export const places = ['aside', 'before', 'begin', 'there', 'both', 'past', 'back', 'power'] as const;
/**
 * - aside: nothing depends on it: a job is forgotten, or the caller is told how things are after all is done;
 * - before: before the first step, nothing is journaled yet;
 * - begin: a delete has found nothing to take away yet, and can be given up;
 * - there: on the way forward, where there is a way back;
 * - both: there, and the same request is struck again on the way back;
 * - past: past the point of no return;
 * - back: on the way back, of a flow that failed for another reason;
 * - power: a start, stop or reboot, which is no flow.
 */
export type Place = (typeof places)[number];

export function placeOf(row: Row, hasStruckWayBack: boolean): Place {
  const { blow, scenario } = row;
  if (blow.kind === 'fault' && isBeside(blow.strike)) return 'aside';
  if (scenario.rests === 'in any power state') return 'power';
  if (scenario.failsAt !== undefined) return 'back';
  const step = stepOf(row);
  if (step === '') return 'before';
  if (step.endsWith(`/${DONE}`)) return 'aside';
  if (step === 'delete/destroy' || step === 'destroy/find-partition') return 'begin';
  if (isPivot(step)) return 'past';
  return hasStruckWayBack ? 'both' : 'there';
}

/** What kind of failure a blow is, as far as the ending depends on it. */
export function natureOf({ blow }: Pick<Row, 'blow'>): string {
  return blow.kind === 'fault' ? natureOfFault(blow.strike, blow.fault) : blow.kind;
}

const [read, change] = ['read', 'change'] as const;

function natureOfFault(strike: Strike, { kind, also, at, deceives }: Fault): string {
  const asked = strike.method === 'GET' ? read : change;
  if (also?.server === 'hmc' && also.operation !== 'Logon') return `answer lost, and the look for it refused`;
  if (also !== undefined)
    return also.times !== -1 ? 'logon, later' : also.kind.type === 'html' ? 'logon, no answer' : 'logon, refused';
  if (at !== undefined) return `${at.operation} fails`;
  switch (kind.type) {
    case 'refuse': {
      const { status, reason, headers } = kind;
      if (deceives === true) return `denied`;
      if (headers?.['Retry-After'] === '86400') return 'busy for long';
      if (headers !== undefined || (status === 409 && reason === 2)) return 'busy';
      return `${status} to a ${asked}`;
    }
    case 'malformed':
    case 'html':
    case 'truncate':
    case 'wrong-schema':
      return `${kind.type} to a ${asked}`;
    case 'drop':
      return kind.when === 'before' ? `request lost` : `answer of a ${asked} lost`;
    case 'job':
      return `job ${kind.outcome}${kind.effect === 'done' ? ', done' : ''}`;
    case 'status':
      return `ends ${kind.end}`;
    case 'delay':
      return 'late';
    default:
      return `${kind.type}`;
  }
}
