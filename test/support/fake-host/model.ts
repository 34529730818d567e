/**
 * What differs between distributions. Source: s390-tools zdev; dracut 95zfcp; Fedora s390utils; names of maps and
 * places of tools (inferred).
 */
export interface Distribution {
  readonly name: string;
  readonly osRelease: string;
  /** udev rules add `ccw-<bus id>-zfcp-<wwpn>:<lun>`. */
  readonly hasCompatNames: boolean;
  readonly scsiId: string;
  /** Maps are called mpatha, … rather than by their WWID. */
  readonly hasFriendlyNames: boolean;
}

export const distributions = {
  rhel: {
    name: 'RHEL',
    osRelease: 'ID="rhel"',
    hasCompatNames: true,
    scsiId: '/usr/lib/udev/scsi_id',
    hasFriendlyNames: true,
  },
  sles: {
    name: 'SLES',
    osRelease: 'ID="sles"',
    hasCompatNames: true,
    scsiId: '/usr/lib/udev/scsi_id',
    hasFriendlyNames: false,
  },
  ubuntu: {
    name: 'Ubuntu',
    osRelease: 'ID=ubuntu',
    hasCompatNames: false,
    scsiId: '/usr/lib/udev/scsi_id',
    hasFriendlyNames: true,
  },
  debian: {
    name: 'Debian',
    osRelease: 'ID=debian',
    hasCompatNames: false,
    scsiId: '/lib/udev/scsi_id',
    hasFriendlyNames: false,
  },
} as const satisfies Record<string, Distribution>;

/** A target port as one of the host's ports sees it. */
export interface FakeTarget {
  readonly wwpn: string;
  readonly id: number;
  /**
   * When the port is there: from the start, only after `port_rescan`, only when a scan of all targets meets it, or not at
   * all. Source: os-brick initiator/linuxfc.py, rescan_hosts: some arrays' ports are not detected without such a scan.
   */
  appears: 'always' | 'after rescan' | 'after wildcard scan' | 'never';
  portState?: string;
}

export interface FakeAdapter {
  /** `0.0.8001` for zfcp, `0000:04:00.0` for PCI. */
  readonly busId: string;
  /** Where the device is, down to the bus ID: `/sys/devices/css0/0.0.0010/0.0.8001`. */
  readonly place: string;
  readonly host: number;
  readonly wwpn: string;
  readonly wwnn: string;
  portType: string;
  portState: string;
  online: boolean;
  /** In cio_ignore's list, so there is no device at all. */
  hidden?: boolean;
  availability?: string;
  /** So many writes to `online` are answered by EAGAIN. */
  busyTimes?: number;
  readonly targets: readonly FakeTarget[];
}

export interface FakeVolume {
  /** As sysfs tells it: `naa.…`. */
  readonly wwid: string;
  /** A second designator of page 0x83, which udev and multipath prefer: `3…`. */
  readonly otherWwid?: string;
  bytes: number;
  /** Reads and inquiries are answered. */
  alive: boolean;
}

/** The array's side: this volume answers to this initiator on this target under this LUN. */
export interface FakeMask {
  readonly initiator: string;
  readonly target: string;
  /** Sixteen hex digits. */
  readonly lun: string;
  volume: FakeVolume;
  /** How many looks at the SCSI devices it takes after it was asked for. */
  readonly afterPolls?: number;
}

export interface FakeDisk {
  readonly hctl: string;
  readonly adapter: FakeAdapter;
  readonly target: FakeTarget;
  readonly lun: string;
  readonly block: string;
  readonly minor: number;
  /** What it was when Linux found it; the mask may lead elsewhere since. */
  readonly wwid: string;
  /** @see FakeVolume.otherWwid */
  readonly otherWwid: string | undefined;
  bytes: number;
  state: string;
  isReadOnly: boolean;
  /** Holds data that has not been written out. */
  isDirty: boolean;
}

export interface FakeMap {
  readonly block: string;
  readonly minor: number;
  readonly name: string;
  /** As multipath writes it. */
  readonly wwid: string;
  /** Another device-mapper user (LVM, a partition of a map) has another prefix. */
  readonly uuid: string;
  readonly slaves: string[];
  bytes: number;
  isReadOnly: boolean;
  isDirty: boolean;
}

/** Whether a block device can be opened. Source: linux include/scsi/scsi_device.h, scsi_device_online. */
export function isOnline(device: FakeDisk | FakeMap): boolean {
  return !('state' in device) || !['offline', 'transport-offline', 'deleted'].includes(device.state);
}

/** The identity that a path has for multipath. */
export function multipathWwid({ wwid, otherWwid }: Pick<FakeDisk, 'wwid' | 'otherWwid'>): string {
  return otherWwid ?? wwid.replace(/^naa\./, '3');
}

/** Linux's number of an FCP LUN: the four words the other way round. Written down here for the kernel's side alone. */
export function linuxNumber(lun: string): number {
  const [w0, w1] = [lun.slice(0, 4), lun.slice(4, 8)].map((word) => Number.parseInt(word, 16));
  return (w1 ?? 0) * 0x10000 + (w0 ?? 0);
}

/** The FCP LUN of Linux's number. */
export function fcpLun(linux: number): string {
  const word = (value: number): string => value.toString(16).padStart(4, '0');
  return `${word(linux & 0xffff)}${word(Math.floor(linux / 0x10000) & 0xffff)}00000000`;
}

/** `lun-…` as systemd's path_id writes it. */
export function udevLun(lun: string): string {
  const linux = linuxNumber(lun);
  return linux < 256 ? `lun-${linux}` : `lun-0x${lun.slice(0, 8)}00000000`;
}
