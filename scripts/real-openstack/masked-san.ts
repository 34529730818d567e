import { createHash } from 'node:crypto';
import { parseWwpn } from '../../src/simulator/san/index.ts';
import type { DiscoveredLun, MaskRecord, ProbeResult, San, SanSnapshot } from '../../src/simulator/san/index.ts';
import { parseFcpLun, toFcpLun } from '../../src/simulator/san/lun.ts';
import type { ArrayMask, ArrayState, RealArray } from './real-array.ts';

/**
 * The fabric of each target port. Source: its volume driver, which has two fabrics and two ports in each; which is
 * which (the seventh and eighth digit) is read from the names it gives them (inferred).
 */
const fabricOfPort: Readonly<Record<string, string>> = {
  '500a0981aa000001': 'fabric-a',
  '500a0982aa000002': 'fabric-b',
  '500a0981aa000003': 'fabric-a',
  '500a0982aa000004': 'fabric-b',
};

/** Fabrics of the SAN: FCP adapters are cabled to them in turn. */
export const fabricIds: readonly string[] = ['fabric-a', 'fabric-b'];

/** A path as in the details of a server. */
export interface ArrayPath {
  readonly initiator_wwpn: string;
  readonly target_wwpn: string;
  /** 64-bit, 16 hex digits. */
  readonly lun: string;
}

/** A probe of the SAN by a load, and its result. */
export interface Probe {
  readonly initiator: string;
  readonly target: string;
  readonly lun: string;
  readonly found: ProbeResult;
}

/**
 * A SAN with the masks of the real array: a load finds its LUN only where Cinder had it masked. There is no zoning,
 * because this Cinder has no zone manager, but a target answers only in its own fabric.
 */
export class MaskedSan implements San {
  readonly #array: RealArray;
  readonly #systems = new Set<string>();
  readonly #logins = new Map<string, string>();
  readonly probes: Probe[] = [];
  /** Called before each probe, between map and boot. */
  beforeProbe: () => void = () => undefined;

  constructor(array: RealArray) {
    this.#array = array;
  }

  /** Records that a volume is bootable, because the array does not report the content of its disks. */
  install(volumeId: string): void {
    this.#systems.add(volumeId);
  }

  probe(initiatorWwpn: string, fabricId: string, targetWwpn: string, lun: string): ProbeResult {
    this.beforeProbe();
    const found = this.#find(this.#array.read(), initiatorWwpn, fabricId, targetWwpn, lun);
    this.probes.push({ initiator: initiatorWwpn, target: targetWwpn, lun, found });
    return found;
  }

  /** Whether the path leads to this volume, in the fabric of its initiator. */
  leadsTo(path: ArrayPath, volumeId: string): boolean {
    const { initiator_wwpn: initiator, target_wwpn: target, lun } = path;
    const found = this.#find(this.#array.read(), initiator, this.#logins.get(initiator) ?? '', target, lun);
    return found.ok && found.volumeId === volumeId;
  }

  discover(initiatorWwpn: string, fabricId: string): readonly DiscoveredLun[] {
    const initiator = parseWwpn(initiatorWwpn);
    const state = this.#array.read();
    const seen = state.masks.filter((mask) => isFor(mask, initiator));
    const luns = seen.flatMap((mask) =>
      mask.targets
        .filter((target) => fabricOfPort[target] === fabricId)
        .map((targetWwpn) => ({ targetWwpn, lun: lunOf(mask), ...diskOf(state, mask) })),
    );
    return luns.sort((a, b) => (a.targetWwpn + a.lun < b.targetWwpn + b.lun ? -1 : 1));
  }

  /** An installer of the simulated HMC writes to the LUN; the array itself is not written to. */
  writeSystem(initiatorWwpn: string, fabricId: string, targetWwpn: string, lun: string): void {
    const found = this.#find(this.#array.read(), initiatorWwpn, fabricId, targetWwpn, lun);
    if (found.ok) this.install(found.volumeId);
  }

  /** A mask does not depend on a login. The login determines the fabric of an initiator. */
  login(initiatorWwpn: string, fabricId: string): void {
    if (!fabricIds.includes(fabricId)) throw new Error(`there is no fabric "${fabricId}"`);
    this.#logins.set(initiatorWwpn, fabricId);
  }

  logout(initiatorWwpn: string): void {
    this.#logins.delete(initiatorWwpn);
  }

  snapshot(): SanSnapshot {
    const masks = this.#array.read().masks.map((mask): MaskRecord => {
      const initiators = mask.initiators.toSorted();
      return { volumeId: mask.volume_id, host: mask.host, lun: lunOf(mask), initiators };
    });
    const names = [...new Set(masks.map(({ host }) => host))].sort();
    const hosts = names.map((name) => {
      const own = masks.filter(({ host }) => host === name);
      return { name, initiators: [...new Set(own.flatMap(({ initiators }) => initiators))].sort() };
    });
    return { arrays: [{ id: 'real', hosts, masks }], fabrics: fabricIds.map((id) => ({ id, zones: [] })) };
  }

  #find(state: ArrayState, initiatorWwpn: string, fabricId: string, targetWwpn: string, lun: string): ProbeResult {
    const initiator = parseWwpn(initiatorWwpn);
    const target = parseWwpn(targetWwpn) ?? '';
    const fabric = fabricOfPort[target];
    if (fabric === undefined) return { ok: false, reason: 'no-such-target' };
    if (fabric !== fabricId) return { ok: false, reason: 'not-same-fabric' };
    const seen = state.masks.filter((mask) => isFor(mask, initiator) && mask.targets.includes(target));
    if (seen.length === 0) return { ok: false, reason: 'not-masked' };
    const mask = seen.find((each) => lunOf(each) === parseFcpLun(lun));
    if (mask === undefined || state.volumes[mask.volume_id] === undefined) return { ok: false, reason: 'no-such-lun' };
    const volumeId = mask.volume_id;
    return { ok: true, volumeId, bootable: this.#systems.has(volumeId), ...diskOf(state, mask) };
  }
}

function isFor(mask: ArrayMask, initiator: string | undefined): boolean {
  return mask.initiators.some((each) => parseWwpn(each) === initiator);
}

/** The array counts its LUNs from 0 for each host, and stays below 256, where all ways of addressing agree. */
function lunOf(mask: ArrayMask): string {
  return toFcpLun(mask.lun, 'peripheral');
}

/** The array has no page 83 identifiers; these are made from the volume's id. */
function diskOf(state: ArrayState, { volume_id: id }: ArrayMask): { sizeGib: number; uuid: string } {
  const uuid = `6${createHash('sha256').update(id).digest('hex').slice(0, 31)}`.toUpperCase();
  return { sizeGib: state.volumes[id]?.size ?? 0, uuid };
}
