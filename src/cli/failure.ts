import { describeError, findError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';
import { errorCodeOf, tellingCodeOf } from './exit-codes.ts';
import { hmcAdvice } from './hmc-advice.ts';
import { printable } from './printable.ts';

/** A failure in the form for programs. Source: interfaces.md section 3. */
interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly request_id: string;
  readonly left_behind: readonly string[];
}

const advice: Partial<Readonly<Record<ErrorCode, string>>> = {
  HMC_AUTH: 'check dpm.hmc_username and its password; it is not tried again, so that the user is not locked',
  HMC_CONNECTION: 'dpm doctor shows which part fails',
  CINDER_AUTH: 'check the user and project of [cinder]',
  CINDER_CONNECTION: 'dpm doctor shows which part fails',
  FLOW_WAITING:
    'when the peer answers again, the next command resumes the flow; or run: dpm flow resume ID (dpm flow list shows the ID)',
  FLOW_STUCK: 'fix the cause it names, then run: dpm flow resume ID (dpm flow list shows the ID)',
};

/** Names the settings of the CA file and the peer. The error message says what is wrong with the certificate. */
export const tlsAdvice = {
  HMC_CONNECTION: 'the CA file of an HMC is dpm.hmc_ca_certs, its name and port are set in dpm.hmc',
  CINDER_CONNECTION:
    'the CA file of Keystone and Cinder is cinder.cafile, their names are set in cinder.auth_url, cinder.endpoint_override and the catalogue',
} as const satisfies Partial<Readonly<Record<ErrorCode, string>>>;

function adviceOn(thrown: unknown): string | undefined {
  const code = tellingCodeOf(thrown);
  const telling = findError(thrown, code);
  const isConnection = code === 'HMC_CONNECTION' || code === 'CINDER_CONNECTION';
  if (telling?.facts.phase === 'tls') return isConnection ? tlsAdvice[code] : advice[code];
  // Also for a lost connection: something that answered instead of the HMC may have refused.
  return (code === 'HMC_HTTP' || code === 'HMC_CONNECTION' ? hmcAdvice(telling) : undefined) ?? advice[code];
}

/** Describes an error for programs. */
export function toFailure(thrown: unknown, requestId: string): Failure {
  return {
    code: errorCodeOf(thrown),
    message: describeError(thrown),
    request_id: requestId,
    left_behind: leftBehind(thrown),
  };
}

/** Returns one line for users, with advice if there is any. */
export function failureLine(failure: Failure, thrown: unknown): string {
  const left = failure.left_behind.length === 0 ? '' : `; left behind: ${failure.left_behind.join(', ')}`;
  const hint = adviceOn(thrown);
  const text = `dpm: ${failure.message}${left}${hint === undefined ? '' : ` (${hint})`} [${failure.request_id}]`;
  return `${printable(text)}\n`;
}

function leftBehind(thrown: unknown): readonly string[] {
  if (thrown instanceof AggregateError) return thrown.errors.flatMap(leftBehind);
  const names = findError(thrown, 'FLOW_STUCK', 'FLOW_WAITING')?.facts.leftBehind;
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}
