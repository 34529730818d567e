/**
 * How an array spells the LUN numbers it hands out; see lun.ts for the 64-bit form of each.
 * @public
 */
export type LunForm = 'peripheral' | 'sam2' | 'sam3-flat' | 'ds8k';

/**
 * Who zones: `initiator-target` and `initiator` are the two policies of Cinder's zone manager; with `manual` only
 * {@link SimulatedSan.zone} makes zones; with `open` there is no zoning and every port sees every port.
 * @public
 */
export type ZoningPolicy = 'initiator-target' | 'initiator' | 'manual' | 'open';

/**
 * Settings of {@link createSan}; every one has a default.
 * @public
 */
export interface SanOptions {
  /** Fabric ids; default two, `fabric-a` and `fabric-b`. */
  readonly fabrics?: readonly string[];
  /** Number of arrays; default 2, of which only mirrored connection shapes use the second. */
  readonly arrays?: number;
  /** Target ports of each array on each fabric; default 2. */
  readonly portsPerFabric?: number;
  readonly zoning?: ZoningOptions;
  /** First LUN number handed out to a host; default 0, which is what most arrays do. */
  readonly firstLun?: number;
  /** The arrays make disks in multiples of so many GiB, rounded up; default: of any size that is asked for. */
  readonly sizeStepGib?: number;
}

/**
 * How the fabrics are zoned.
 * @public
 */
export interface ZoningOptions {
  /** Default `initiator-target`, as in Cinder's zone manager. */
  readonly policy?: ZoningPolicy;
  /** Zoning drivers ask the name servers, so initiators that are not logged in are neither mapped nor zoned; default false. */
  readonly lookup?: boolean;
  /** With `lookup`: zones of initiators that have logged out before the last volume went stay behind (inferred); default false. */
  readonly staleZones?: boolean;
}

/**
 * Why a path does not lead to a disk.
 * @public
 */
export type ProbeFailure = 'no-such-target' | 'not-same-fabric' | 'not-zoned' | 'not-masked' | 'no-such-lun';

/**
 * Answer of {@link San.probe}. `uuid` is the page 83 NAA identifier, 32 upper-case hex digits.
 * @public
 */
export type ProbeResult =
  | {
      readonly ok: true;
      readonly bootable: boolean;
      readonly programs?: SanVolume['programs'];
      readonly volumeId: string;
      readonly sizeGib: number;
      readonly uuid: string;
    }
  | { readonly ok: false; readonly reason: ProbeFailure };

/**
 * One LUN behind one target port. `lun` is the 64-bit FCP LUN, 16 lower-case hex digits.
 * @public
 */
export interface DiscoveredLun {
  readonly targetWwpn: string;
  readonly lun: string;
  readonly uuid: string;
  readonly sizeGib: number;
}

/**
 * What a machine's channels see of the SAN.
 * @public
 */
export interface San {
  /**
   * Would a SCSI load from this initiator reach this LUN?
   * @param lun - 64-bit FCP LUN, 16 hex digits
   * @remarks WWPNs and LUN may be spelt in either case; text that is no WWPN or LUN is answered, not thrown at.
   */
  probe(initiatorWwpn: string, fabricId: string, targetWwpn: string, lun: string): ProbeResult;
  /** All LUNs the initiator would see on this fabric, sorted by target and LUN. Log in first: looking does not. */
  discover(initiatorWwpn: string, fabricId: string): readonly DiscoveredLun[];
  /** Enters the initiator in the fabric's name server; a second login elsewhere moves it. Throws on an unknown fabric. */
  login(initiatorWwpn: string, fabricId: string): void;
  /** An operating system is written to the LUN, which boots from then on. Ignored if the path does not reach a LUN. */
  writeSystem(initiatorWwpn: string, fabricId: string, targetWwpn: string, lun: string): void;
  /** Removes the initiator from the name servers; unknown initiators are ignored. */
  logout(initiatorWwpn: string): void;
  /** Hosts, masks and zones as sorted plain JSON, for comparison before and after. */
  snapshot(): SanSnapshot;
}

/**
 * State that outlives a login: what a clean-up must have removed.
 * @public
 */
export interface SanSnapshot {
  readonly arrays: readonly {
    readonly id: string;
    readonly hosts: readonly { readonly name: string; readonly initiators: readonly string[] }[];
    readonly masks: readonly MaskRecord[];
  }[];
  readonly fabrics: readonly {
    readonly id: string;
    readonly zones: readonly { readonly name: string; readonly members: readonly string[] }[];
  }[];
}

/**
 * One volume presented to one host. `lun` is the 64-bit FCP LUN, 16 lower-case hex digits.
 * @public
 */
export interface MaskRecord {
  readonly volumeId: string;
  readonly host: string;
  readonly lun: string;
  readonly initiators: readonly string[];
}

/**
 * A target port of an array.
 * @public
 */
export interface TargetPort {
  readonly wwpn: string;
  readonly fabricId: string;
  readonly online: boolean;
}

/**
 * A disk as the arrays know it.
 * @public
 */
export interface SanVolume {
  readonly id: string;
  readonly sizeGib: number;
  /** Whether the disk carries a boot record. */
  readonly bootable: boolean;
  /** Numbers of the boot programs on it, as a boot configuration selects them; default: any number loads the same. */
  readonly programs?: readonly number[] | undefined;
  /** Page 83 NAA identifier, 32 upper-case hex digits. */
  readonly uuid: string;
}

/**
 * What a volume driver asks of the arrays.
 * @public
 */
export interface MapRequest {
  readonly volumeId: string;
  /** Name for the host object, used when none of the initiators belongs to a host yet. */
  readonly host: string;
  readonly initiators: readonly string[];
  readonly lunForm: LunForm;
  /** Present the volume from all arrays instead of the first alone. */
  readonly mirrored?: boolean;
}

/**
 * How one array presents a mapped volume.
 * @public
 */
export interface VolumeExport {
  readonly arrayId: string;
  /** The number the array's own interface shows; its 64-bit form is `fcpLun`. */
  readonly lun: number;
  readonly fcpLun: string;
  /** Online target ports in the array's order. */
  readonly ports: readonly string[];
}

/**
 * Initiator to targets; WWPNs in canonical form.
 * @public
 */
export type InitiatorTargetMap = Readonly<Record<string, readonly string[]>>;

/**
 * The whole SAN: what a machine sees, what a volume driver asks, what an operator or a test does.
 * @public
 */
export interface SimulatedSan extends San {
  readonly fabricIds: readonly string[];
  readonly arrays: readonly { readonly id: string; readonly ports: readonly TargetPort[] }[];
  readonly zoning: Required<ZoningOptions>;

  // Disks.
  createVolume(volume: { readonly id: string; readonly sizeGib: number; readonly bootable?: boolean }): SanVolume;
  /** Removes the disk and every mask of it; unknown ids are ignored. */
  deleteVolume(volumeId: string): void;
  updateVolume(volumeId: string, change: Partial<Pick<SanVolume, 'sizeGib' | 'bootable' | 'programs'>>): void;
  findVolume(volumeId: string): SanVolume | undefined;

  // What a volume driver does.
  /** Masks the volume to the initiators; repeating it changes nothing. Throws {@link SanError}. */
  mapVolume(request: MapRequest): readonly VolumeExport[];
  /**
   * Takes the volume away from these initiators (undefined: from all), or from all of their hosts' initiators.
   * @returns the initiators that see no volume of the array any more, each with that array's ports: what may be unzoned
   */
  unmapVolume(volumeId: string, initiators: readonly string[] | undefined, wholeHost?: boolean): InitiatorTargetMap;
  /** The map a driver would report: all to all, or with `lookup` what the name servers know. */
  mapInitiators(initiators: readonly string[], targets: readonly string[]): InitiatorTargetMap;
  /** What Cinder's zone manager does with a map under the zoning policy; nothing under `manual` and `open`. */
  addZones(map: InitiatorTargetMap): void;
  removeZones(map: InitiatorTargetMap): void;
  /** Fabric the initiator is, or was last, logged in to. */
  fabricOf(initiatorWwpn: string): string | undefined;
  isLoggedIn(initiatorWwpn: string): boolean;

  // What an operator does by hand, or an accident does.
  /** Zones initiator and target by hand, under any policy. */
  zone(initiatorWwpn: string, targetWwpn: string): void;
  /** Takes the initiator out of its zones with this target (default: with all). */
  unzone(initiatorWwpn: string, targetWwpn?: string): void;
  /** Takes one initiator (default: all) out of the masks of a volume behind the back of Cinder. */
  unmask(volumeId: string, initiatorWwpn?: string): void;
  /** Takes a target port down or up. Throws on an unknown port. */
  setPortOnline(targetWwpn: string, online: boolean): void;
  /** Presents a mapped volume under another LUN from now on: 16 hex digits. Throws when it is not mapped. */
  renumberLun(volumeId: string, fcpLun: string): void;
}

/**
 * The array refuses: no such volume, no free LUN, or initiators that belong to several hosts.
 * @public
 */
export class SanError extends Error {
  override readonly name = 'SanError';
}
