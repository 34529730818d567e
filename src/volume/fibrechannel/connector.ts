import { InternalError } from '../../base/index.ts';
import type { Wwpn } from '../../base/index.ts';
import type { Connector } from '../../cinder-client/index.ts';

export interface ConnectorRules {
  /** Returns the node name for a port name, which DPM does not report. Undefined: the connector has no `wwnns`. */
  readonly wwnnOf: ((wwpn: Wwpn) => string) | undefined;
  readonly ip: string | undefined;
}

/**
 * Returns the connector of a partition for Cinder.
 *
 * `host` is the UUID of the instance, as in the retired nova-dpm. It is unique and stable, as needed by back ends that name
 * their host objects after it. `platform` and `os_type` decide the host type of a DS8000, and so the form of its LUNs. `multipath`
 * makes 3PAR and similar arrays use more than the first port. Seventeen families of back ends require `wwnns` but accept a
 * WWPN there; Unity and VNX need real node names.
 * Source: os-brick initiator/connector.py; cinder volume/driver.py, FibreChannelDriver; cinder volume/drivers.
 */
export function makeConnector(host: string, wwpns: readonly Wwpn[], rules: ConnectorRules): Connector {
  // Without a WWPN, Cinder answers 400 or 500 and leaves the volume reserved, or it masks the LUN to every host.
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
