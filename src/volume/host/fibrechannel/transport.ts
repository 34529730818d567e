import type { Lun, Waiting } from '../../../base/index.ts';
import type { FcPort } from './fc-ports.ts';
import type { LunAddress } from './scsi-disks.ts';

/** Why the host could not be asked for a LUN, in words. */
export interface AskProblem {
  readonly address: LunAddress;
  readonly reason: string;
  /** Is there hope all the same, so that it is worth waiting for? */
  readonly mayStillCome: boolean;
}

/** @see FcTransport.ask */
export interface AskRound {
  /** From 1. */
  readonly attempt: number;
  /** Every way of the volume, those that have come included. */
  readonly wanted: readonly LunAddress[];
}

/** What differs between zfcp and every other Fibre Channel driver. All of it may be called again. */
export interface FcTransport {
  /** Every port, whatever its state. */
  listPorts(): Promise<readonly FcPort[]>;
  /** Sets devices online that were configured to be. */
  prepare(waiting: Waiting): Promise<void>;
  /** The FCP LUN that Cinder's value means here. @throws RangeError */
  lunOf(value: number | string, addressingMode: string | null | undefined): Lun;
  /** Has the host look for the LUNs of these ways. */
  ask(missing: readonly LunAddress[], round: AskRound, waiting: Waiting): Promise<readonly AskProblem[]>;
  /** Is anything of this way known to the host besides a SCSI device? */
  isRegistered(address: LunAddress): Promise<boolean>;
  /** Forgets what {@link FcTransport.isRegistered} tells of. */
  unregister(address: LunAddress, waiting: Waiting): Promise<void>;
}
