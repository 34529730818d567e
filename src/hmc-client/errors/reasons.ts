import type { RetryClass } from '../../base/index.ts';
import { REASON_API_DISABLED } from '../wire/reasons.ts';

/**
 * Classes of refusals that the HTTP status alone does not decide. Without 409.6 (the CPC's status), because a CPC returns
 * only after minutes and the caller has to decide.
 */
const byReason: Readonly<Record<string, RetryClass>> = {
  '403.4': 'session-lost',
  '403.5': 'session-lost',
  '409.2': 'busy',
  '409.15': 'busy', // exact meaning not known: treated as temporary
  '409.272': 'busy', // seen just after a CPC was deactivated
  '500.263': 'busy', // an operator or application has control; nothing was done
};

/**
 * Classifies a refusal. 503 says that nothing was done. After other 5xx the outcome is unknown: creates have answered 500
 * although the object existed (500.12 and 500.0 on Create NIC).
 */
export function classifyReason(status: number, reason: number): RetryClass {
  const known = byReason[`${status}.${reason}`];
  if (known !== undefined) return known;
  if (status === 503 || (status >= 500 && reason === REASON_API_DISABLED)) return 'busy';
  return status >= 500 ? 'unknown-outcome' : 'permanent';
}

/**
 * Refusals of a logon that must not be retried. Source: tessia-baselib hypervisors/hmc;
 * zhmc-prometheus-exporter.
 */
const authReasons = new Set(['400.13', '400.45', '403.0', '403.40', '403.41', '409.50', '409.51']);

/** Whether an answer to a logon rejects the credentials. Any 403 does. */
export function refusesCredentials(status: number, reason: number): boolean {
  return status === 401 || status === 403 || authReasons.has(`${status}.${reason}`);
}
