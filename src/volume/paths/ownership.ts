import type { Lun, Wwpn } from '../../base/index.ts';
import type { ConnectionInfo } from '../../cinder-client/index.ts';
import type { HostDevice, HostInventory, HostUnit } from '../host/index.ts';
import { selectPaths } from '../index.ts';
import type { FcConnection } from '../index.ts';
import type { Claim } from './claims.ts';

/** A volume that was attached to this host by us, whether Cinder still counts it or not. */
export interface KnownVolume {
  readonly volumeId: string;
  /** As multipath tools write it; undefined where it was never read. */
  readonly wwid: string | undefined;
  /** Undefined where it is no Fibre Channel volume, or cannot be read. */
  readonly connection: FcConnection | undefined;
  /** As Cinder answered it when it was attached; undefined where that was never known. */
  readonly connectionInfo?: ConnectionInfo | undefined;
}

/** Whose a device is. `elsewhere`: a volume of Cinder, but not one that it has attached here. */
export type Ownership =
  | { readonly kind: 'here' | 'elsewhere'; readonly volumeId: string; readonly evidence: string }
  | { readonly kind: 'stranger' };

/** A way that a volume should have here, and has not. */
export interface MissingPath {
  readonly volumeId: string;
  readonly initiatorWwpn: Wwpn;
  readonly targetWwpn: Wwpn;
  readonly lun: Lun;
}

/**
 * Says whose each device of a host is. Identity goes before address, since a LUN number means another volume for every
 * host; by address alone a device counts as this host's own, which keeps it from being taken away. A pure class.
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

  /** Of a device, or of the identity of a map. All paths of one volume have one owner. */
  of(subject: Pick<HostDevice, 'wwid'>, ways: readonly Pick<HostDevice, 'targetWwpn' | 'lun'>[]): Ownership {
    const { wwid } = subject;
    const family = wwid === undefined ? [] : this.#devices.filter((device) => device.wwid === wwid);
    const all = [...ways, ...family];
    const here = this.#claims.filter(({ isHere }) => isHere);
    const named = here.find(({ connection }) => isIdentity(connection, wwid));
    if (named !== undefined) return owned('here', named, 'its identity');
    const addressed = here.find(({ connection }) => !contradicts(connection, wwid) && all.some(leadsTo(connection)));
    if (addressed !== undefined) return owned('here', addressed, 'its address');
    const abroad = this.#claims.find(({ isHere, connection }) => !isHere && isIdentity(connection, wwid));
    if (abroad !== undefined) return owned('elsewhere', abroad, 'its identity, which Cinder has elsewhere');
    const kept = this.#known.find((volume) => isKept(volume, wwid, all));
    if (kept === undefined) return { kind: 'stranger' };
    // An attachment by another protocol than ours says nothing of addresses, but that the volume is here.
    const isHere = this.isAttachedHere(kept.volumeId);
    return owned(isHere ? 'here' : 'elsewhere', kept, 'the record of its attach here');
  }

  /** Does Cinder have the volume attached to this host? */
  isAttachedHere(volumeId: string): boolean {
    return this.#claims.some((claim) => claim.isHere && claim.volumeId === volumeId);
  }

  ofUnit(unit: HostUnit): Ownership {
    return this.of({ wwid: undefined }, [unit]);
  }

  /** Ways of this host's volumes for which there is no device. */
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

function isIdentity(connection: FcConnection | undefined, wwid: string | undefined): boolean {
  return connection?.naa !== undefined && wwid === `3${connection.naa}`;
}

/** Both identities are known, of the same kind, and differ: then an address is no evidence. */
function contradicts(connection: FcConnection | undefined, wwid: string | undefined): boolean {
  const naa = connection?.naa;
  return naa !== undefined && wwid?.startsWith('3') === true && wwid !== `3${naa}`;
}

function leadsTo(connection: FcConnection | undefined): (way: Pick<HostDevice, 'targetWwpn' | 'lun'>) => boolean {
  const targets = connection?.targets ?? [];
  return ({ targetWwpn, lun }) => targets.some((target) => target.targetWwpn === targetWwpn && target.lun === lun);
}

function isKept(
  { wwid: own, connection }: KnownVolume,
  wwid: string | undefined,
  ways: readonly Pick<HostDevice, 'targetWwpn' | 'lun'>[],
): boolean {
  if (own !== undefined && wwid !== undefined) return own === wwid;
  return connection !== undefined && !contradicts(connection, wwid) && ways.some(leadsTo(connection));
}

function waysOf(
  connection: FcConnection | undefined,
  initiators: readonly Wwpn[],
): readonly Omit<MissingPath, 'volumeId'>[] {
  if (connection === undefined) return [];
  try {
    return selectPaths(connection, { initiators, ignoredTargets: new Set() }).paths;
  } catch {
    return []; // a map that names none of these ports wants no path here
  }
}

function isWay(device: HostDevice, way: Omit<MissingPath, 'volumeId'>): boolean {
  const { initiatorWwpn, targetWwpn, lun } = device;
  return initiatorWwpn === way.initiatorWwpn && targetWwpn === way.targetWwpn && lun === way.lun;
}
