import type { Lun, Waiting } from '../../../base/index.ts';
import type { HostContext } from '../context.ts';
import type { FcPort } from './fc-ports.ts';
import type { LunAddress } from './scsi-disks.ts';

/** Why the host could not scan for a LUN. */
export interface AskProblem {
  readonly address: LunAddress;
  readonly reason: string;
  /** Whether the LUN may still appear, so that a wait makes sense. */
  readonly mayStillCome: boolean;
  /** Whether the path need not exist, because other paths use both of its ports. */
  readonly isExpected?: boolean;
}

/** @see FcTransport.ask */
export interface AskRound {
  /** From 1. */
  readonly attempt: number;
  /** Every path of the volume, including paths that are present. */
  readonly wanted: readonly LunAddress[];
  readonly wildcards: WildcardScans;
}

/** Scans of all targets of a port, which also add LUNs of other volumes. */
export interface WildcardScans {
  readonly isAllowed: boolean;
  /** The ports that were scanned in this way. */
  readonly ports: FcPort[];
}

/** The differences between zfcp and other Fibre Channel drivers. All methods are idempotent. */
export interface FcTransport {
  /** Lists every port, in any state. */
  listPorts(): Promise<readonly FcPort[]>;
  /** Sets the configured devices online. @returns one line for each unusable device @throws when no device is usable */
  prepare(waiting: Waiting): Promise<readonly string[]>;
  /** Returns the FCP LUN for Cinder's value on this platform. @throws RangeError */
  lunOf(value: number | string, addressingMode: string | null | undefined): Lun;
  /** Makes the host scan for the LUNs at these addresses. */
  ask(missing: readonly LunAddress[], round: AskRound, waiting: Waiting): Promise<readonly AskProblem[]>;
  /** Whether the host has registered this address (a zfcp unit), in addition to a SCSI device. */
  isRegistered(address: LunAddress): Promise<boolean>;
  /** Removes the registration. */
  unregister(address: LunAddress, waiting: Waiting): Promise<void>;
}

/** The common context of the parts of the Fibre Channel connector. */
export interface FcContext extends HostContext {
  readonly transport: FcTransport;
  readonly useMultipath: boolean;
  readonly enforceMultipath: boolean;
}
