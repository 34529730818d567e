import { ds8kLun, toFcpLun } from './lun.ts';
import { SanError, type LunForm, type SanSnapshot, type TargetPort } from './types.ts';

// The most a one-level peripheral or flat LUN can say.
const LAST_LUN = 0x3fff;

/** A volume that one host sees. */
export interface Mask {
  readonly volumeId: string;
  readonly host: string;
  readonly initiators: Set<string>;
  readonly lun: number;
  fcpLun: string;
}

/** What an array needs to know to present a volume. */
export interface MaskRequest {
  readonly volumeId: string;
  /** Position of the volume among all volumes ever made: DS8000 numbers follow from it. */
  readonly ordinal: number;
  readonly host: string;
  readonly initiators: readonly string[];
  readonly lunForm: LunForm;
}

/** What a restarted {@link StorageArray} continues with. */
export interface ArrayState {
  readonly ports: readonly TargetPort[];
  readonly masks: readonly Mask[];
}

/** A storage array: target ports, host objects and LUN masks. A host exists while it has a mask. */
export class StorageArray {
  readonly id: string;
  readonly #ports: { wwpn: string; fabricId: string; online: boolean }[];
  readonly #firstLun: number;
  #masks: Mask[] = [];

  constructor(id: string, ports: readonly TargetPort[], firstLun: number) {
    this.id = id;
    this.#ports = ports.map((port) => ({ ...port }));
    this.#firstLun = firstLun;
  }

  get ports(): readonly TargetPort[] {
    return this.#ports;
  }

  /** Online target ports in the array's order. */
  get onlinePorts(): string[] {
    return this.#ports.filter((port) => port.online).map((port) => port.wwpn);
  }

  findPort(wwpn: string): TargetPort | undefined {
    return this.#ports.find((port) => port.wwpn === wwpn);
  }

  setPortOnline(wwpn: string, online: boolean): void {
    for (const port of this.#ports) if (port.wwpn === wwpn) port.online = online;
  }

  /** Presents the volume to the initiators of one host; those that see it already keep their LUN. */
  mask(request: MaskRequest): { lun: number; fcpLun: string } {
    const host = this.#hostOf(request.initiators) ?? request.host;
    const known = this.#masks.find((mask) => mask.volumeId === request.volumeId && mask.host === host);
    const mask = known ?? this.#newMask(host, request);
    for (const initiator of request.initiators) mask.initiators.add(initiator);
    return { lun: mask.lun, fcpLun: mask.fcpLun };
  }

  /**
   * Takes the volume away from the initiators (undefined: from all), or from the whole hosts that they belong to.
   * @returns the initiators that are left without any volume here
   */
  unmask(volumeId: string, initiators: readonly string[] | undefined, wholeHost: boolean): string[] {
    const touched = new Set<string>();
    for (const mask of this.#masks.filter((each) => each.volumeId === volumeId)) {
      for (const initiator of meantBy(mask, initiators, wholeHost)) {
        if (mask.initiators.delete(initiator)) touched.add(initiator);
      }
    }
    this.#masks = this.#masks.filter((mask) => mask.initiators.size > 0);
    return [...touched].filter((initiator) => this.lunsOf(initiator).length === 0);
  }

  lunsOf(initiator: string): readonly { volumeId: string; fcpLun: string }[] {
    return this.#masks.filter((mask) => mask.initiators.has(initiator));
  }

  /** True when another port of the initiator's own host sees this LUN, or the initiator sees nothing: a masking gap. */
  isMaskMissing(initiator: string, fcpLun: string): boolean {
    const host = this.#hostOf([initiator]);
    return host === undefined || this.#masks.some((mask) => mask.host === host && mask.fcpLun === fcpLun);
  }

  isMapped(volumeId: string): boolean {
    return this.#masks.some((mask) => mask.volumeId === volumeId);
  }

  renumber(volumeId: string, fcpLun: string): void {
    for (const mask of this.#masks) if (mask.volumeId === volumeId) mask.fcpLun = fcpLun;
  }

  /** Ports and masks, for a restart. */
  get state(): ArrayState {
    return { ports: this.#ports, masks: this.#masks };
  }

  restore({ ports, masks }: ArrayState): void {
    for (const { wwpn, online } of ports) this.setPortOnline(wwpn, online);
    this.#masks = [...masks];
  }

  snapshot(): SanSnapshot['arrays'][number] {
    const masks = this.#masks.map((mask) => ({
      volumeId: mask.volumeId,
      host: mask.host,
      lun: mask.fcpLun,
      initiators: [...mask.initiators].sort(),
    }));
    const key = (mask: (typeof masks)[number]) => `${mask.host} ${mask.volumeId}`;
    return { id: this.id, hosts: this.#hosts(), masks: masks.sort((a, b) => (key(a) < key(b) ? -1 : 1)) };
  }

  #hosts(): { name: string; initiators: string[] }[] {
    const names = [...new Set(this.#masks.map((mask) => mask.host))].sort();
    return names.map((name) => ({ name, initiators: this.#initiatorsOf(name) }));
  }

  #initiatorsOf(host: string): string[] {
    const masks = this.#masks.filter((mask) => mask.host === host);
    return [...new Set(masks.flatMap((mask) => [...mask.initiators]))].sort();
  }

  // Arrays find a host by its ports first and by its name only when no port is known (Storwize, DS8K, Pure ...).
  #hostOf(initiators: readonly string[]): string | undefined {
    const hosts = this.#masks.filter((mask) => initiators.some((each) => mask.initiators.has(each)));
    const names = new Set(hosts.map((mask) => mask.host));
    // cinder ds8k_helper: WWPNs spread over two hosts are refused.
    if (names.size > 1) throw new SanError(`More than one host defined for ${initiators.join(', ')}`);
    return [...names][0];
  }

  #newMask(host: string, request: MaskRequest): Mask {
    const lun = request.lunForm === 'ds8k' ? ds8kLun(request.ordinal) : this.#nextLun(host);
    const fcpLun = toFcpLun(lun, request.lunForm);
    const mask: Mask = { volumeId: request.volumeId, host, initiators: new Set(), lun, fcpLun };
    this.#masks.push(mask);
    return mask;
  }

  #nextLun(host: string): number {
    const used = new Set(this.#masks.filter((mask) => mask.host === host).map((mask) => mask.lun));
    let lun = this.#firstLun;
    while (used.has(lun)) lun += 1;
    if (lun > LAST_LUN) throw new SanError(`No free LUN for host ${host}`);
    return lun;
  }
}

function meantBy(mask: Mask, initiators: readonly string[] | undefined, wholeHost: boolean): readonly string[] {
  const isWhole = wholeHost && initiators?.some((each) => mask.initiators.has(each));
  return initiators === undefined || isWhole ? [...mask.initiators] : initiators;
}
