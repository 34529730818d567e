import type { ConnectionInfo, DeviceInfo, HostConnector, HostConnectorContext } from 'nova-dpm';

/** Creates the host connector under test from a context. @public */
export type MakeHostConnector = (context: HostConnectorContext) => HostConnector;

/** A host, and a volume for the checks. @public */
export interface HostConnectorSubject {
  /**
   * Input of the constructor. The checks add a log, and make writes and commands of `system` fail. The failures of a
   * host connector that does not use `system` cannot be tested.
   */
  readonly context: Omit<HostConnectorContext, 'log'>;
  /** `connection_info` of a volume that is mapped to the host, and not connected. */
  readonly connectionInfo: ConnectionInfo;
  /** Returns everything that a connect changes on the host, as plain JSON. Should not use the connector under test. */
  snapshot(): unknown;
  /**
   * Keeps the connected volume in use, by a mount or an open file. Omit it if the host cannot do this.
   *
   * @returns a function that ends the use
   */
  readonly use?: ((device: DeviceInfo) => () => void) | undefined;
  /** Events that happen to a connected volume on a real host. Omit it if the host can produce none of them. */
  readonly hostEvents?: HostEvents | undefined;
}

/** Functions that produce events of a real host. Omit each one that the host cannot produce. @public */
export interface HostEvents {
  /** Makes one of several paths fail: its device can no longer be opened (ENXIO). */
  readonly losePath?: ((device: DeviceInfo) => void) | undefined;
  /** Lets another process (such as udev or lvm) open the device briefly. */
  readonly openBriefly?: ((device: DeviceInfo) => void) | undefined;
  /** Lets another program scan for LUNs after the disconnect, while the volume is still mapped. */
  readonly rescan?: (() => void) | undefined;
}

/** @public */
export interface HostConnectorCheckOptions {
  /** How long a host connector may take to stop after its signal is aborted, in milliseconds (default: 5000). */
  readonly patienceMs?: number | undefined;
}

/** Functions that create the host connector, and a host for each check. */
export interface HostConnectorTrial {
  readonly make: MakeHostConnector;
  /** Returns a host that no check has changed. */
  readonly prepare: () => HostConnectorSubject;
  readonly patienceMs: number;
}

/** A check of the contract. */
export interface HostConnectorCheck {
  readonly name: string;
  readonly run: (trial: HostConnectorTrial) => Promise<void>;
}
