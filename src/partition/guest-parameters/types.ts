import type { Lun, Wwpn } from '../../base/index.ts';

/** One way from the partition to a LUN, in the terms of its operating system. */
export interface GuestPath {
  /** Of the vHBA; four hex digits. */
  readonly deviceNumber: string;
  readonly targetWwpn: Wwpn;
  readonly lun: Lun;
}

/** A volume that the guest is to find by itself. */
export interface GuestVolume {
  readonly volumeId: string;
  readonly paths: readonly GuestPath[];
}

/** A channel-attached NIC (OSA, HiperSockets) that the guest is to set online. */
export interface GuestNic {
  /** Of the read channel; four hex digits. Write and data channel follow it. */
  readonly deviceNumber: string;
  /** Of the adapter. */
  readonly port: 0 | 1;
  /** Twelve hex digits; undefined leaves the one of the machine. */
  readonly mac?: string | undefined;
}
