import type { DiscoveredLun } from '../../san/index.ts';

/** One WWPN of a storage group: what discovery found out about it, and which virtual storage resource uses it. */
export interface GroupInitiator {
  readonly wwpn: string;
  /** Whether discovery has logged it in and seen a LUN through it. */
  validated: boolean;
  /** The port on which it was validated. */
  portUri: string | undefined;
  /** URI of the virtual storage resource that uses it. */
  resourceUri: string | undefined;
  /** What it saw at the last discovery. */
  luns: readonly DiscoveredLun[];
}

/** The location of a volume's LUN that an API client has set. */
interface ToldAddress {
  readonly targetWwpn: string;
  readonly lun: string;
  readonly portUri: string;
}

/** What an FCP storage group knows beside its properties. */
export interface FcpGroupState {
  /** In the order of partitions: the first `connectivity` are for the first partition. WWPNs for direct connections come last. */
  initiators: GroupInitiator[];
  /** Number of the discovery that runs; a newer one makes it void. */
  discovery: number;
  isDiscovering: boolean;
  lastScan: number | undefined;
  readonly told: Map<string, ToldAddress>;
  /** LUNs that an API client accepted, by UUID, with their size at that time. A LUN with another size is a new mismatch. */
  readonly accepted: Map<string, number>;
  /** LUNs that an API client rejected, by UUID. Discovery ignores them while the array presents them. */
  readonly rejected: Set<string>;
}
