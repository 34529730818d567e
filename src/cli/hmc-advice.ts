import { findError } from '../base/index.ts';

interface Advice {
  readonly status?: number;
  /** Undefined: every reason. */
  readonly reasons?: readonly number[];
  readonly advice: string;
}

/**
 * Advice for refusals of an HMC; the first matching row applies. This client sets reasons 900 (the Web Services API is
 * disabled) and 999 (the answer is not from the Web Services API). The others are from IBM's "Common request validation
 * reason codes" and from Get CPC Properties.
 */
const table: readonly Advice[] = [
  { reasons: [900], advice: 'enable the Web Services API on the HMC, in the task Customize API Settings' },
  {
    status: 503,
    advice: 'the HMC is starting, or the proxy in front of it cannot reach it: try again in a few minutes',
  },
  {
    reasons: [999],
    advice: 'the answer is not from the Web Services API: name the HMC itself in dpm.hmc, with port 6794',
  },
  {
    status: 403,
    reasons: [1],
    advice: 'give the user the task permission for this operation, in the user roles of the HMC',
  },
  { status: 404, reasons: [1], advice: 'check the name, and give the HMC user object access permission to it' },
  { status: 409, reasons: [2, 15], advice: 'another operation on it is running: try again when that has ended' },
  {
    status: 409,
    reasons: [6, 272],
    advice: 'the CPC is not ready: look at its status on the HMC, and try again when it is operating',
  },
  { status: 500, reasons: [263], advice: 'another user has control of it on the HMC: try again when that has ended' },
];

/** Returns advice on the refusal behind an error, if there is any. */
export function hmcAdvice(thrown: unknown): string | undefined {
  const { status, reason } = findError(thrown, 'HMC_HTTP', 'JOB_FAILED')?.facts ?? {};
  if (typeof status !== 'number' || typeof reason !== 'number') return undefined;
  const fits = (row: Advice): boolean =>
    (row.status === undefined || row.status === status) && (row.reasons?.includes(reason) ?? true);
  return table.find(fits)?.advice;
}
