import type { Wwpn } from '../../base/index.ts';
import type { ConnectionInfo } from '../../cinder-client/index.ts';
import type { HostDevice, HostInventory, HostUnit } from '../host/index.ts';
import { selectPaths } from '../index.ts';
import type { FcConnection, FcPath } from '../index.ts';
import type { Claim } from './claims.ts';

/** A volume that this program attached to this host, whether or not it is still attached in Cinder. */
export interface KnownVolume {
  readonly volumeId: string;
  /** The volume's name in Cinder; undefined if it has none or it was not recorded. */
  readonly name?: string | undefined;
  /** In the notation of multipath tools; undefined if it was never read. */
  readonly wwid: string | undefined;
  /** The WWID of the volume's multipath map, which may be another designator than `wwid`. */
  readonly mapWwid?: string | undefined;
  /** Undefined for another protocol, or if it cannot be read. */
  readonly connection: FcConnection | undefined;
  /** The connection_info of the attach; undefined if it was not recorded. */
  readonly connectionInfo?: ConnectionInfo | undefined;
}

/** The owner of a device. `elsewhere`: a Cinder volume that is not attached here. */
export type Ownership =
  | { readonly kind: 'here' | 'elsewhere'; readonly volumeId: string; readonly evidence: string }
  | { readonly kind: 'stranger' };

/** A path that a volume should have on this host, but does not have. */
export interface MissingPath extends FcPath {
  readonly volumeId: string;
}

type Target = Pick<FcPath, 'targetWwpn' | 'lun'>;

/**
 * Finds the owner of each device of a host. The identity takes precedence over the address, because the same LUN number is a
 * different volume on every host. A device that matches only by address counts as attached here, so that it is never
 * removed. Has no side effects.
 */
export class Owners {
  readonly #claims: readonly Claim[];
  readonly #known: readonly KnownVolume[];
  readonly #devices: readonly HostDevice[];

  constructor(claims: readonly Claim[], known: readonly KnownVolume[], { devices }: HostInventory) {
    this.#claims = claims;
    this.#known = known;
    this.#devices = devices;
  }

  /** Returns the name of a volume in Cinder; null if it has none or it is unknown. */
  nameOf(volumeId: string | null): string | null {
    const named = [...this.#claims, ...this.#known].filter(({ name }) => name !== undefined);
    return named.find((each) => each.volumeId === volumeId)?.name ?? null;
  }

  /** Returns the owner of a device, or of the identity of a map. All paths of one volume have one owner. */
  of({ wwid }: Pick<HostDevice, 'wwid'>, ways: readonly Target[]): Ownership {
    const family = wwid === undefined ? [] : this.#devices.filter((device) => device.wwid === wwid);
    const all = [...ways, ...family];
    const identities = new Set([
      ...(wwid === undefined ? [] : [wwid]),
      ...family.flatMap((device) => device.identities),
    ]);
    const here = this.#claims.filter(({ isHere }) => isHere);
    const named = here.find(({ connection }) => isIdentity(connection, identities));
    if (named !== undefined) return owned('here', named, 'its identity');
    const addressed = here.find(
      ({ connection }) => !contradicts(connection, identities) && all.some(leadsTo(connection)),
    );
    if (addressed !== undefined) return owned('here', addressed, 'its address');
    const abroad = this.#claims.find(({ isHere, connection }) => !isHere && isIdentity(connection, identities));
    if (abroad !== undefined) return owned('elsewhere', abroad, 'its identity, which Cinder has elsewhere');
    const kept = this.#known.find((volume) => isKept(volume, identities, all));
    if (kept === undefined) return { kind: 'stranger' };
    // An attachment by another protocol has no addresses, but says that the volume is here.
    const isHere = this.isAttachedHere(kept.volumeId);
    return owned(isHere ? 'here' : 'elsewhere', kept, 'the record of its attach here');
  }

  /** Whether Cinder has the volume attached to this host. */
  isAttachedHere(volumeId: string): boolean {
    return this.#claims.some((claim) => claim.isHere && claim.volumeId === volumeId);
  }

  /** Returns the paths of this host's volumes that have no device. */
  missing({ ports, devices }: HostInventory): readonly MissingPath[] {
    const initiators = ports.map(({ initiatorWwpn }) => initiatorWwpn);
    return this.#claims
      .filter(({ isHere }) => isHere)
      .flatMap(({ volumeId, connection }) =>
        waysOf(connection, initiators)
          .filter((way) => !devices.some((device) => isWay(device, way)))
          .map((way) => ({ volumeId, ...way })),
      );
  }
}

function owned(kind: 'here' | 'elsewhere', { volumeId }: { readonly volumeId: string }, evidence: string): Ownership {
  return { kind, volumeId, evidence };
}

function isIdentity(connection: FcConnection | undefined, identities: ReadonlySet<string>): boolean {
  return connection?.naa !== undefined && identities.has(`3${connection.naa}`);
}

/** Whether both identities are known, of the same kind, and differ: an address then is no evidence. */
function contradicts(connection: FcConnection | undefined, identities: ReadonlySet<string>): boolean {
  const isComparable = connection?.naa !== undefined && [...identities].some((identity) => identity.startsWith('3'));
  return isComparable && !isIdentity(connection, identities);
}

function leadsTo(connection: FcConnection | undefined): (way: Target) => boolean {
  const targets = connection?.targets ?? [];
  return ({ targetWwpn, lun }) => targets.some((target) => target.targetWwpn === targetWwpn && target.lun === lun);
}

function isKept(volume: KnownVolume, identities: ReadonlySet<string>, ways: readonly Target[]): boolean {
  const { wwid, mapWwid, connection } = volume;
  const own = [wwid, mapWwid].flatMap((each) => each ?? []);
  if (own.length > 0 && identities.size > 0) return own.some((each) => identities.has(each));
  return connection !== undefined && !contradicts(connection, identities) && ways.some(leadsTo(connection));
}

function waysOf(connection: FcConnection | undefined, initiators: readonly Wwpn[]): readonly FcPath[] {
  if (connection === undefined) return [];
  try {
    return selectPaths(connection, { initiators, ignoredTargets: new Set() }).paths;
  } catch {
    return []; // a map that names none of these ports expects no path here
  }
}

/** Whether a device or unit is on this path. */
export function isWay({ initiatorWwpn, targetWwpn, lun }: HostDevice | HostUnit, way: FcPath): boolean {
  return initiatorWwpn === way.initiatorWwpn && targetWwpn === way.targetWwpn && lun === way.lun;
}
