import type { Wwpn } from '../../base/index.ts';
import type { ConnectionInfo } from '../../cinder-client/index.ts';
import type { FcConnection } from './connection-info.ts';

/** Advice for fabrics that recognise only ports that have logged in. */
export const loginAdvice =
  'if your fabric or array recognises only ports that have logged in, set dpm.login_before_zoning';

/**
 * Returns a hint if Cinder's map is empty or lacks initiators, so that Cinder probably did not find them in the fabric. Back
 * ends that send no map give no hint. Source: cinder volume/drivers.
 */
export function loginHint(
  info: ConnectionInfo,
  { targetsOf }: Pick<FcConnection, 'targetsOf'>,
  initiators: readonly Wwpn[],
): string | undefined {
  const isEmpty = targetsOf === undefined && hasEmptyMap(info);
  const missing = isEmpty ? initiators : initiators.filter((wwpn) => targetsOf?.has(wwpn) === false);
  if (missing.length === 0) return undefined;
  return `Cinder's initiator_target_map does not name ${missing.join(', ')}; ${loginAdvice}`;
}

function hasEmptyMap({ data }: ConnectionInfo): boolean {
  const map = data.initiator_target_map;
  return typeof map === 'object' && map !== null && !Array.isArray(map) && Object.keys(map).length === 0;
}
