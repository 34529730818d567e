import { ConnectionInfoError, parseFcConnection, parseWwpn } from 'nova-dpm';
import type { ConnectionInfo, FcConnection, Wwpn } from 'nova-dpm';

/**
 * Arrays with asymmetric access (ALUA) reach a volume well through one controller, and badly through the other. Cinder's
 * `fibre_channel` has no word for that, so the back end of this example answers with a `driver_volume_type` of its own:
 * the data of `fibre_channel`, and `optimized_targets`, the target ports of the controller that owns the volume.
 */
export const ALUA_TYPE = 'fibre_channel_alua';

export interface AluaConnection extends FcConnection {
  readonly optimizedTargets: ReadonlySet<Wwpn>;
}

/** @throws ConnectionInfoError naming the key and the value: errors are typed, and repeat nothing else of connection_info */
export function parseAluaConnection(info: ConnectionInfo): AluaConnection {
  const optimized = info.data.optimized_targets ?? []; // absent: all of them are
  if (!Array.isArray(optimized)) throw new ConnectionInfoError('optimized_targets is not a list');
  const optimizedTargets = new Set(optimized.map(readTarget));
  return { ...parseFcConnection(asFibreChannel(info)), optimizedTargets };
}

/** The same volume for code that knows `fibre_channel` alone. */
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
