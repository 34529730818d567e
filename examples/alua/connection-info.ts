import { ConnectionInfoError, parseFcConnection, parseWwpn } from 'nova-dpm';
import type { ConnectionInfo, FcConnection, Wwpn } from 'nova-dpm';

/**
 * In arrays with asymmetric access (ALUA), a volume is fast through one controller and slow through the other. The keys
 * of Cinder's `fibre_channel` cannot express this. The back end of this example therefore has its own
 * `driver_volume_type`: the data of `fibre_channel`, and `optimized_targets`, the target ports of the controller that
 * owns the volume.
 */
export const ALUA_TYPE = 'fibre_channel_alua';

export interface AluaConnection extends FcConnection {
  readonly optimizedTargets: ReadonlySet<Wwpn>;
}

/**
 * @throws ConnectionInfoError naming the key and the value; contains no other data of connection_info, which may
 *   contain passwords
 */
export function parseAluaConnection(info: ConnectionInfo): AluaConnection {
  const optimized = info.data.optimized_targets ?? []; // absent: every target is optimized
  if (!Array.isArray(optimized)) throw new ConnectionInfoError('optimized_targets is not a list');
  const optimizedTargets = new Set(optimized.map(readTarget));
  return { ...parseFcConnection(asFibreChannel(info)), optimizedTargets };
}

/** Returns the same volume as `fibre_channel`, for code that knows only this type. */
export function asFibreChannel(info: ConnectionInfo): ConnectionInfo {
  if (info.driver_volume_type !== ALUA_TYPE) {
    throw new ConnectionInfoError(`driver_volume_type is "${info.driver_volume_type}", expected "${ALUA_TYPE}"`);
  }
  return { ...info, driver_volume_type: 'fibre_channel' };
}

function readTarget(value: unknown): Wwpn {
  const wwpn = typeof value === 'string' ? parseWwpn(value) : undefined;
  if (wwpn === undefined) throw new ConnectionInfoError('optimized_targets has an entry that is not a WWPN');
  return wwpn;
}
