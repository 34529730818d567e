import { findError } from '../base/index.ts';
import type { DpmError, ErrorCode } from '../base/index.ts';
import { tellingCodeOf } from './exit-codes.ts';
import { hmcAdvice } from './hmc-advice.ts';

const byCode: Partial<Readonly<Record<ErrorCode, string>>> = {
  HMC_AUTH:
    'Check dpm.hmc_username and its password, then run: dpm doctor (the logon is not repeated, because repeated failures lock the user)',
  HMC_CONNECTION: 'To see which part fails, run: dpm doctor',
  CINDER_AUTH: 'Check the user and the project in section [cinder] of the settings, then run: dpm doctor',
  CINDER_CONNECTION: 'To see which part fails, run: dpm doctor',
  NO_RESOURCES: 'To see what is free, run: dpm hypervisor show',
};

const SETTINGS_ADVICE =
  'To write one for your HMC, run: dpm config sample > nova-dpm.conf. To try dpm without a machine, run: dpm simulate --write-config nova-dpm.conf';

const STOP_ADVICE =
  'To stop it, run: dpm server stop SERVER. For a new size, dpm server resize --restart stops and starts the server itself';

/** Names the settings of the CA file and the peer. The error message says what is wrong with the certificate. */
export const tlsAdvice = {
  HMC_CONNECTION: 'the CA file of an HMC is dpm.hmc_ca_certs; its name and port are in dpm.hmc',
  CINDER_CONNECTION:
    'the CA file of Keystone and Cinder is cinder.cafile; their names are in cinder.auth_url, cinder.endpoint_override and the service catalog',
} as const satisfies Partial<Readonly<Record<ErrorCode, string>>>;

/** Returns what to type or to check next, if that is known. */
export function adviceOn(thrown: unknown): string | undefined {
  if (thrown instanceof AggregateError) {
    const each = new Set(thrown.errors.map(adviceOn).filter((advice) => advice !== undefined));
    return each.size === 0 ? undefined : [...each].join('. ');
  }
  const code = tellingCodeOf(thrown);
  const advice = adviceOnFlow(thrown, code) ?? adviceOnCause(thrown, code) ?? adviceOnRollback(thrown);
  return advice === undefined ? undefined : advice.charAt(0).toUpperCase() + advice.slice(1);
}

function adviceOnFlow(thrown: unknown, code: ErrorCode): string | undefined {
  const flow = findError(thrown, 'FLOW_STUCK', 'FLOW_WAITING');
  if (flow === undefined || (code !== 'FLOW_STUCK' && code !== 'FLOW_WAITING')) return undefined;
  const resume = `dpm flow resume ${shortIdOf(flow)}`;
  return code === 'FLOW_STUCK'
    ? `Remove the cause, then run: ${resume}`
    : `The next command resumes it. To resume it yourself, run: ${resume}`;
}

function adviceOnCause(thrown: unknown, code: ErrorCode): string | undefined {
  const telling = findError(thrown, code);
  const isConnection = code === 'HMC_CONNECTION' || code === 'CINDER_CONNECTION';
  if (telling?.facts.phase === 'tls') return isConnection ? tlsAdvice[code] : byCode[code];
  if (code === 'NOT_FOUND') return adviceOnMissing(thrown);
  if (telling?.facts.stopNeededFor !== undefined) return STOP_ADVICE;
  if (code === 'CONFIG' && telling?.message.startsWith('no settings file') === true) return SETTINGS_ADVICE;
  // Also for a lost connection: something that answered instead of the HMC may have refused.
  const refusal = findError(thrown, 'HMC_HTTP', 'JOB_FAILED');
  return (refusal === undefined ? undefined : hmcAdvice(thrown)) ?? byCode[code];
}

/** Names the command that lists what there is. */
function adviceOnMissing(thrown: unknown): string | undefined {
  const missing = findError(thrown, 'NOT_FOUND');
  if (missing === undefined || missing.message.includes('dpm ')) return undefined;
  const { server, volume, flowId, partition } = missing.facts;
  if (volume !== undefined) return 'To see the volumes, run: dpm volume list';
  if (server !== undefined) return 'To see the servers, run: dpm server list';
  if (flowId !== undefined) return 'To see the flows, run: dpm flow list';
  return partition === undefined ? undefined : 'To see the partitions, run: dpm partition list --all';
}

function adviceOnRollback(thrown: unknown): string | undefined {
  const flow = findError(thrown, 'FLOW_ROLLED_BACK');
  return flow === undefined ? undefined : `To see each step, run: dpm flow show ${shortIdOf(flow)}`;
}

function shortIdOf({ facts }: DpmError): string {
  return typeof facts.flowId === 'string' ? facts.flowId.slice(0, 8) : 'ID';
}
