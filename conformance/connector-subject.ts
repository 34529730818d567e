import type { ConnectionInfo, DeviceInfo, HostConnector, HostConnectorContext } from 'nova-dpm';

/** Makes the connector under test, as its users do: with the context that they give it. @public */
export type MakeHostConnector = (context: HostConnectorContext) => HostConnector;

/** A host, and a volume to try a connector with. @public */
export interface HostConnectorSubject {
  /**
   * What connectors are made with. The checks put a log of their own beside it, and let writes and commands of the
   * `system` fail: a connector that goes past it can only be tried where nothing goes wrong.
   */
  readonly context: Omit<HostConnectorContext, 'log'>;
  /** Of a volume that is mapped to the host, and not connected. */
  readonly connectionInfo: ConnectionInfo;
  /** What a connect changes on the host, as plain JSON: it is compared before and after. Best told by somebody else. */
  snapshot(): unknown;
  /**
   * Uses the connected volume as its owner would, by a mount or an open file. Left out where nothing can be held in use.
   *
   * @returns what ends that
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
  /** How long a connector may take to obey its signal, in milliseconds; 5000 unless told otherwise. */
  readonly patienceMs?: number | undefined;
}

/** How the connector is made, and one host for one check. */
export interface HostConnectorTrial {
  readonly make: MakeHostConnector;
  /** A host on which nothing has been done yet. */
  readonly prepare: () => HostConnectorSubject;
  readonly patienceMs: number;
}

/** A check of the contract. */
export interface HostConnectorCheck {
  readonly name: string;
  readonly run: (trial: HostConnectorTrial) => Promise<void>;
}
