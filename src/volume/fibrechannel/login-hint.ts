import type { Wwpn } from '../../base/index.ts';
import type { ConnectionInfo } from '../../cinder-client/index.ts';
import type { FcConnection } from './connection-info.ts';

/** What to do about a fabric that knows only ports that have logged in. */
export const loginAdvice =
  'where zoning or the array goes by look-up, it knows only ports that have logged in: set dpm.login_before_zoning';

/**
 * Says so when Cinder's answer looks as if the initiators had been looked for and not been found: a map that is there
 * and empty, or that lacks some of them. Back ends without such a map tell nothing. Source: cinder volume/drivers.
 */
export function loginHint(
  info: ConnectionInfo,
  { targetsOf }: Pick<FcConnection, 'targetsOf'>,
  initiators: readonly Wwpn[],
): string | undefined {
  const isEmpty = targetsOf === undefined && hasEmptyMap(info);
  const missing = isEmpty ? initiators : initiators.filter((wwpn) => targetsOf !== undefined && !targetsOf.has(wwpn));
  if (missing.length === 0) return undefined;
  return `Cinder's initiator_target_map does not name ${missing.join(', ')}; ${loginAdvice}`;
}

function hasEmptyMap({ data }: ConnectionInfo): boolean {
  const map = data.initiator_target_map;
  return typeof map === 'object' && map !== null && !Array.isArray(map) && Object.keys(map).length === 0;
}
