import type { Waiting } from '../base/index.ts';
import type { PartitionRef } from './lifecycle.ts';

/** What a NIC connects to: a virtual switch by its object ID, or a port of a network adapter. */
export type NicBacking =
  | { readonly virtualSwitchId: string }
  | { readonly adapterObjectId: string; /** Element ID of the port. */ readonly port: number };

/** IP addresses that the guest is to give a NIC. */
export interface NicAddresses {
  /** With prefix length: `10.0.0.5/24`. */
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  readonly dns: readonly string[];
}

/** A NIC that an instance is to have. */
export interface NicRequest {
  /** ID of the Neutron port; the NIC is named after it. */
  readonly portId: string;
  readonly backing: NicBacking;
  readonly vlanId: number | null;
  /** Lower case with colons; null lets the machine choose. */
  readonly macAddress: string | null;
  /** Undefined leaves the addresses to the guest. */
  readonly addresses: NicAddresses | undefined;
}

/** The port of a NIC, and the MAC address by which the NIC is found until it has its name; null if it is not known. */
export type NicPort = Pick<NicRequest, 'portId' | 'macAddress'>;

/** What a guest is told of a NIC. */
export interface NicInGuest {
  /** Four hex digits. */
  readonly deviceNumber: string;
  /** Port of the adapter. */
  readonly port: 0 | 1;
  /** Twelve hex digits, if the guest has to set the MAC address. */
  readonly mac?: string | undefined;
  readonly addresses?: NicAddresses | undefined;
}

/** A NIC that can be created. */
export interface PlannedNic {
  readonly request: NicRequest;
  readonly name: string;
  /** The partition link that creates the NIC, for HiperSockets on machines that have such links. */
  readonly linkUri?: string | undefined;
  readonly backedBy: { readonly virtualSwitchUri: string } | { readonly networkAdapterPortUri: string };
  /** Index of the port of the adapter. */
  readonly port: number;
  /** Whether Linux has to set the NIC online. Otherwise, the kernel finds it as a PCI function. */
  readonly isChannelDevice: boolean;
}

/**
 * NICs of partitions.
 *
 * Every method is idempotent; removing what is already gone succeeds.
 */
export interface PartitionNetwork {
  /**
   * Checks that each NIC can be created, and finds what backs it. Changes nothing.
   *
   * @param otherText - the text of the user in the boot parameters, which also have to hold what the guest needs to know
   * @param partition - if it exists already: its NICs need no further room on their adapters
   * @throws ConfigError for a request that no machine, or not this machine, can serve; NotFoundError when virtual switch,
   *   adapter or port does not exist; ConflictError when the adapter has no room
   */
  plan(
    requests: readonly NicRequest[],
    otherText: string,
    w: Waiting,
    partition?: PartitionRef,
  ): Promise<readonly PlannedNic[]>;
  /**
   * Creates the NICs that the partition does not have.
   *
   * @param isNew - whether the partition probably has no NIC yet; saves a request
   * @param onPresent - called before a NIC is created, with the IDs of the ports whose NICs the partition has already
   * @returns what the guest has to know of these NICs, in the order of the plan
   */
  create(
    partition: PartitionRef,
    plan: readonly PlannedNic[],
    isNew: boolean,
    w: Waiting,
    onPresent?: (portIds: ReadonlySet<string>) => void,
  ): Promise<readonly NicInGuest[]>;
  /**
   * Deletes the NICs of these ports.
   *
   * @param others - whether to delete every other NIC with a name of nova-dpm too

   * @returns the device numbers of the NICs that the partition still has
   * @throws ConflictError when the HMC reports a NIC as deleted that the partition still has
   */
  remove(
    partition: PartitionRef,
    ports: readonly NicPort[],
    others: 'keep' | 'delete',
    w: Waiting,
  ): Promise<readonly string[]>;
}
