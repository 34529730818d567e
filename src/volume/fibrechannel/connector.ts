import { InternalError } from '../../base/index.ts';
import type { Wwpn } from '../../base/index.ts';
import type { Connector } from '../../cinder-client/index.ts';

export interface ConnectorRules {
  /** Makes the node name that goes with a port name; DPM tells none. Undefined: the connector has no `wwnns`. */
  readonly wwnnOf: ((wwpn: Wwpn) => string) | undefined;
  readonly ip: string | undefined;
}

/**
 * The connector of a partition, as Cinder wants it.
 *
 * `host` is the instance's UUID, as nova-dpm sent: unique per partition and stable for its life, which the many back
 * ends need that name their host objects after it. `platform` and `os_type` decide the host type of a DS8000, and with
 * it the form of its LUNs; `multipath` makes 3PAR and its kin use more than the first port. `wwnns` is asked for by
 * seventeen families of back ends, where a WWPN in its place passes; on Unity and VNX the true pair is needed.
 * Source: os-brick initiator/connector.py; cinder volume/driver.py, FibreChannelDriver; cinder volume/drivers.
 */
export function makeConnector(host: string, wwpns: readonly Wwpn[], rules: ConnectorRules): Connector {
  // A connector without WWPNs is a 400 or a 500 that leaves the volume reserved, or a mask for everybody.
  if (wwpns.length === 0) throw new InternalError(`connector of ${host}: there is no WWPN`);
  return {
    host,
    wwpns: [...wwpns],
    ...(rules.wwnnOf === undefined ? {} : { wwnns: wwpns.map(rules.wwnnOf) }),
    platform: 's390x',
    os_type: 'linux',
    multipath: true,
    do_local_attach: false,
    ...(rules.ip === undefined ? {} : { ip: rules.ip }),
  };
}
