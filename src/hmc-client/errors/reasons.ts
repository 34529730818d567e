import type { RetryClass } from '../../base/index.ts';
import { REASON_API_DISABLED } from '../wire/reasons.ts';

/**
 * What we do about a refusal, for the pairs that are not decided by their HTTP status alone.
 * 409.6 (the CPC's status) is not here: a CPC comes back after minutes, which its caller has to decide about.
 */
const byReason: Readonly<Record<string, RetryClass>> = {
  '403.4': 'session-lost',
  '403.5': 'session-lost',
  '409.2': 'busy',
  '409.15': 'busy', // exact meaning not known: taken as a conflict that passes
  '409.272': 'busy', // seen just after a CPC was deactivated
  '500.263': 'busy', // somebody holds control; nothing was done
};

/**
 * 503 says itself that nothing was done. Of any other 5xx we do not know: creates have been seen to answer 500 although
 * the object was there (500.12 and 500.0 on Create NIC).
 */
export function classifyReason(status: number, reason: number): RetryClass {
  const known = byReason[`${status}.${reason}`];
  if (known !== undefined) return known;
  if (status === 503 || (status >= 500 && reason === REASON_API_DISABLED)) return 'busy';
  return status >= 500 ? 'unknown-outcome' : 'permanent';
}

/**
 * Refusals of a logon that a repeat would only make worse. Source: tessia-baselib hypervisors/hmc;
 * zhmc-prometheus-exporter.
 */
const authReasons = new Set(['400.13', '400.45', '403.0', '403.40', '403.41', '409.50', '409.51']);

/** Does this answer to a logon mean that these credentials are of no use? Any 403 does. */
export function refusesCredentials(status: number, reason: number): boolean {
  return status === 401 || status === 403 || authReasons.has(`${status}.${reason}`);
}
