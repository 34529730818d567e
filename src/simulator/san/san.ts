import { createHash } from 'node:crypto';
import { Fabric } from './fabric.ts';
import { parseFcpLun } from './lun.ts';
import { StorageArray, type ArrayState } from './storage-array.ts';
import {
  SanError,
  type DiscoveredLun,
  type InitiatorTargetMap,
  type MapRequest,
  type ProbeResult,
  type SanOptions,
  type SanSnapshot,
  type SanVolume,
  type SimulatedSan,
  type TargetPort,
  type VolumeExport,
  type ZoningOptions,
} from './types.ts';
import { parseWwpn, parseWwpns } from './wwpn.ts';

/**
 * Makes a SAN of fabrics, zones, arrays and masks, which decides whether an initiator reaches a LUN.
 * Deterministic: the same options and calls give the same WWPNs, LUNs and identifiers.
 * @public
 */
export function createSan(options: SanOptions = {}, kept?: KeptSan): SimulatedSan & { keep(): KeptSan } {
  const san = new TheSan(options);
  if (kept !== undefined) san.restore(kept);
  return san;
}

/** What of a SAN survives its process. */
export interface KeptSan {
  readonly volumes: ReadonlyMap<string, OrderedVolume>;
  readonly volumesMade: number;
  readonly logins: ReadonlyMap<string, { readonly fabricId: string; readonly online: boolean }>;
  readonly arrays: readonly ArrayState[];
  readonly zones: readonly ReadonlyMap<string, ReadonlySet<string>>[];
}

/** A volume with its position among all volumes ever made. */
type OrderedVolume = SanVolume & { readonly ordinal: number };

class TheSan implements SimulatedSan {
  readonly zoning: Required<ZoningOptions>;
  readonly #fabrics: ReadonlyMap<string, Fabric>;
  readonly #arrays: readonly StorageArray[];
  readonly #volumes = new Map<string, OrderedVolume>();
  readonly #logins = new Map<string, { fabricId: string; online: boolean }>();
  readonly #sizeStepGib: number | undefined;
  #volumesMade = 0;

  constructor(options: SanOptions) {
    this.#sizeStepGib = options.sizeStepGib;
    this.zoning = { policy: 'initiator-target', lookup: false, staleZones: false, ...options.zoning };
    const ids = options.fabrics ?? ['fabric-a', 'fabric-b'];
    this.#fabrics = new Map(ids.map((id) => [id, new Fabric(id, this.zoning.policy)]));
    this.#arrays = Array.from({ length: options.arrays ?? 2 }, (_, index) => {
      const ports = targetPorts(index, ids, options.portsPerFabric ?? 2);
      // A mirror seldom has the same LUN free on both sides: the second array counts from 256 further on.
      return new StorageArray(`array-${index + 1}`, ports, (options.firstLun ?? 0) + index * 256);
    });
  }

  get fabricIds(): readonly string[] {
    return [...this.#fabrics.keys()];
  }

  get arrays(): readonly StorageArray[] {
    return this.#arrays;
  }

  probe(initiatorWwpn: string, fabricId: string, targetWwpn: string, lun: string): ProbeResult {
    const initiator = parseWwpn(initiatorWwpn) ?? initiatorWwpn;
    const target = parseWwpn(targetWwpn) ?? targetWwpn;
    const array = this.#arrayOf(target);
    const port = array?.findPort(target);
    if (!array || !port?.online) return { ok: false, reason: 'no-such-target' };
    const fabric = this.#fabrics.get(fabricId);
    if (!fabric || port.fabricId !== fabricId) return { ok: false, reason: 'not-same-fabric' };
    if (!fabric.isZoned(initiator, target)) return { ok: false, reason: 'not-zoned' };
    return this.#probeLun(array, initiator, parseFcpLun(lun) ?? lun);
  }

  discover(initiatorWwpn: string, fabricId: string): readonly DiscoveredLun[] {
    const initiator = parseWwpn(initiatorWwpn);
    const fabric = this.#fabrics.get(fabricId);
    if (initiator === undefined || !fabric) return [];
    const found = this.#arrays.flatMap((array) => this.#visible(array, fabric, initiator));
    return found.sort((a, b) => (a.targetWwpn + a.lun < b.targetWwpn + b.lun ? -1 : 1));
  }

  writeSystem(initiatorWwpn: string, fabricId: string, targetWwpn: string, lun: string): void {
    const disk = this.probe(initiatorWwpn, fabricId, targetWwpn, lun);
    if (disk.ok) this.updateVolume(disk.volumeId, { bootable: true, programs: undefined });
  }

  login(initiatorWwpn: string, fabricId: string): void {
    if (!this.#fabrics.has(fabricId)) throw new SanError(`No fabric "${fabricId}"`);
    this.#logins.set(mustParse(initiatorWwpn), { fabricId, online: true });
  }

  logout(initiatorWwpn: string): void {
    const login = this.#logins.get(parseWwpn(initiatorWwpn) ?? '');
    if (login) login.online = false;
  }

  isLoggedIn(initiatorWwpn: string): boolean {
    return this.#logins.get(parseWwpn(initiatorWwpn) ?? '')?.online ?? false;
  }

  fabricOf(initiatorWwpn: string): string | undefined {
    return this.#logins.get(parseWwpn(initiatorWwpn) ?? '')?.fabricId;
  }

  keep(): KeptSan {
    return {
      volumes: this.#volumes,
      volumesMade: this.#volumesMade,
      logins: this.#logins,
      arrays: this.#arrays.map(({ state }) => state),
      zones: [...this.#fabrics.values()].map(({ zones }) => zones),
    };
  }

  restore({ volumes, volumesMade, logins, arrays, zones }: KeptSan): void {
    for (const [id, volume] of volumes) this.#volumes.set(id, volume);
    for (const [wwpn, login] of logins) this.#logins.set(wwpn, { ...login });
    this.#volumesMade = volumesMade;
    this.#arrays.forEach((array, index) => array.restore(arrays[index] ?? { ports: [], masks: [] }));
    [...this.#fabrics.values()].forEach((fabric, index) => fabric.restore(zones[index] ?? new Map()));
  }

  snapshot(): SanSnapshot {
    return {
      arrays: this.#arrays.map((array) => array.snapshot()),
      fabrics: [...this.#fabrics.values()].map((fabric) => fabric.snapshot()),
    };
  }

  createVolume(volume: { id: string; sizeGib: number; bootable?: boolean }): SanVolume {
    if (this.#volumes.has(volume.id)) throw new SanError(`Volume ${volume.id} exists`);
    const sizeGib = this.#roundedUp(volume.sizeGib);
    const made = { bootable: false, ...volume, sizeGib, uuid: naaUuid(volume.id), ordinal: this.#volumesMade };
    this.#volumesMade += 1;
    this.#volumes.set(volume.id, made);
    return made;
  }

  deleteVolume(volumeId: string): void {
    this.unmask(volumeId);
    this.#volumes.delete(volumeId);
  }

  updateVolume(volumeId: string, change: Partial<Pick<SanVolume, 'sizeGib' | 'bootable' | 'programs'>>): void {
    const size = change.sizeGib === undefined ? {} : { sizeGib: this.#roundedUp(change.sizeGib) };
    this.#volumes.set(volumeId, { ...this.#getVolume(volumeId), ...change, ...size });
  }

  #roundedUp(sizeGib: number): number {
    const step = this.#sizeStepGib;
    return step === undefined ? sizeGib : Math.ceil(sizeGib / step) * step;
  }

  findVolume(volumeId: string): SanVolume | undefined {
    return this.#volumes.get(volumeId);
  }

  mapVolume(request: MapRequest): readonly VolumeExport[] {
    const { ordinal } = this.#getVolume(request.volumeId);
    const initiators = parseWwpns(request.initiators);
    if (initiators.length === 0) throw new SanError(`No initiator to map ${request.volumeId} to`);
    const arrays = request.mirrored ? this.#arrays : this.#arrays.slice(0, 1);
    return arrays.map((array) => {
      const { lun, fcpLun } = array.mask({ ...request, initiators, ordinal });
      return { arrayId: array.id, lun, fcpLun, ports: array.onlinePorts };
    });
  }

  unmapVolume(volumeId: string, initiators: readonly string[] | undefined, wholeHost = false): InitiatorTargetMap {
    const wwpns = initiators && parseWwpns(initiators);
    const released: Record<string, string[]> = {};
    for (const array of this.#arrays) {
      for (const initiator of array.unmask(volumeId, wwpns, wholeHost)) {
        (released[initiator] ??= []).push(...array.ports.map((port) => port.wwpn));
      }
    }
    return released;
  }

  mapInitiators(initiators: readonly string[], targets: readonly string[]): InitiatorTargetMap {
    const entries = parseWwpns(initiators).map(
      (initiator) => [initiator, this.#reachable(initiator, targets)] as const,
    );
    return Object.fromEntries(entries.filter(([, reached]) => reached.length > 0));
  }

  addZones(map: InitiatorTargetMap): void {
    this.#eachManagedPair(map, (fabric, initiator, target) => {
      if (this.zoning.lookup && !this.isLoggedIn(initiator)) return;
      if (this.#arrayOf(target)?.findPort(target)?.online) fabric.addZone(initiator, target);
    });
  }

  removeZones(map: InitiatorTargetMap): void {
    this.#eachManagedPair(map, (fabric, initiator, target) => {
      if (this.zoning.lookup && this.zoning.staleZones && !this.isLoggedIn(initiator)) return;
      fabric.removeZone(initiator, target);
    });
  }

  zone(initiatorWwpn: string, targetWwpn: string): void {
    const target = mustParse(targetWwpn);
    this.#fabricOfTarget(target)?.addZone(mustParse(initiatorWwpn), target);
  }

  unzone(initiatorWwpn: string, targetWwpn?: string): void {
    const initiator = mustParse(initiatorWwpn);
    for (const fabric of this.#fabrics.values()) {
      const targets = targetWwpn === undefined ? fabric.zonedTargets(initiator) : [mustParse(targetWwpn)];
      for (const target of targets) fabric.removeZone(initiator, target);
    }
  }

  unmask(volumeId: string, initiatorWwpn?: string): void {
    this.unmapVolume(volumeId, initiatorWwpn === undefined ? undefined : [initiatorWwpn]);
  }

  setPortOnline(targetWwpn: string, online: boolean): void {
    const target = mustParse(targetWwpn);
    const array = this.#arrayOf(target);
    if (!array) throw new SanError(`No target port ${targetWwpn}`);
    array.setPortOnline(target, online);
  }

  renumberLun(volumeId: string, fcpLun: string): void {
    const lun = parseFcpLun(fcpLun);
    const arrays = this.#arrays.filter((array) => array.isMapped(volumeId));
    if (lun === undefined) throw new SanError(`"${fcpLun}" is no 64-bit LUN`);
    if (arrays.length === 0) throw new SanError(`Volume ${volumeId} is not mapped`);
    for (const array of arrays) array.renumber(volumeId, lun);
  }

  #probeLun(array: StorageArray, initiator: string, fcpLun: string): ProbeResult {
    const mask = array.lunsOf(initiator).find((each) => each.fcpLun === fcpLun);
    const volume = mask && this.#volumes.get(mask.volumeId);
    if (!volume) return { ok: false, reason: array.isMaskMissing(initiator, fcpLun) ? 'not-masked' : 'no-such-lun' };
    const { id, bootable, programs, sizeGib, uuid } = volume;
    return { ok: true, bootable, programs, volumeId: id, sizeGib, uuid };
  }

  #visible(array: StorageArray, fabric: Fabric, initiator: string): DiscoveredLun[] {
    const ports = array.ports.filter(
      (port) => port.online && port.fabricId === fabric.id && fabric.isZoned(initiator, port.wwpn),
    );
    return array.lunsOf(initiator).flatMap(({ volumeId, fcpLun }) => {
      const { uuid, sizeGib } = this.#getVolume(volumeId);
      return ports.map((port) => ({ targetWwpn: port.wwpn, lun: fcpLun, uuid, sizeGib }));
    });
  }

  // Without lookup a driver reports all targets for each initiator; with it, what is logged in to the same fabric.
  #reachable(initiator: string, targets: readonly string[]): string[] {
    if (!this.zoning.lookup) return [...targets];
    if (!this.isLoggedIn(initiator)) return [];
    const fabricId = this.fabricOf(initiator);
    return targets.filter((target) => this.#fabricOfTarget(target)?.id === fabricId);
  }

  #eachManagedPair(map: InitiatorTargetMap, visit: (fabric: Fabric, initiator: string, target: string) => void): void {
    if (this.zoning.policy === 'manual' || this.zoning.policy === 'open') return;
    for (const [initiator, targets] of Object.entries(map)) {
      for (const target of targets) {
        const fabric = this.#fabricOfTarget(target);
        if (fabric) visit(fabric, initiator, target);
      }
    }
  }

  #arrayOf(target: string): StorageArray | undefined {
    return this.#arrays.find((array) => array.findPort(target));
  }

  #fabricOfTarget(target: string): Fabric | undefined {
    const port = this.#arrayOf(target)?.findPort(target);
    return port && this.#fabrics.get(port.fabricId);
  }

  #getVolume(volumeId: string): SanVolume & { readonly ordinal: number } {
    const volume = this.#volumes.get(volumeId);
    if (!volume) throw new SanError(`No volume ${volumeId}`);
    return volume;
  }
}

// SVC node ports look like 5005076802160417: NAA 5, IBM's OUI 005076, then type, port and node numbers.
function targetPorts(array: number, fabrics: readonly string[], perFabric: number): TargetPort[] {
  const count = fabrics.length * perFabric;
  return Array.from({ length: count }, (_, index) => {
    const port = (index + 1).toString(16).padStart(2, '0');
    const node = (0x0417 + array * 0x100).toString(16).padStart(4, '0');
    // `index % length` is within the list, which has at least one entry as count is above index.
    const fabricId = fabrics[index % fabrics.length] ?? '';
    return { wwpn: `50050768${port}16${node}`, fabricId, online: true };
  });
}

// SVC volumes: NAA 6, IBM's OUI 005076, then what makes it unique; here taken from the id, so it repeats between runs.
function naaUuid(volumeId: string): string {
  return `6005076${createHash('sha256').update(volumeId).digest('hex').slice(0, 25)}`.toUpperCase();
}

function mustParse(wwpn: string): string {
  const parsed = parseWwpn(wwpn);
  if (parsed === undefined) throw new SanError(`"${wwpn}" is no WWPN`);
  return parsed;
}
