import { describeError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { CinderClient } from '../../cinder-client/index.ts';
import { BY_PATH, readHostConnection, removeLeftover, takeInventory } from '../host/index.ts';
import type { InventoryOptions, ServedProtocol } from '../host/index.ts';
import type { PathRecord } from '../index.ts';
import { readClaims } from './claims.ts';
import { findHostOrphans } from './host-orphans.ts';
import type { HostFinding } from './host-orphans.ts';
import { hostRecords } from './host-records.ts';
import { findOtherOrphans, mergeRecords, readOtherPaths } from './other-connectors.ts';
import { Owners } from './ownership.ts';
import type { KnownVolume } from './ownership.ts';

export interface HostViewOptions extends InventoryOptions {
  readonly cinder: CinderClient;
  /** The name of the host in Cinder. */
  readonly host: string;
  /** Returns the recorded volumes that this program attached to this host. */
  readonly known: () => readonly KnownVolume[];
  /** Host connectors of third parties. @throws HostConnectorError when one cannot be loaded */
  readonly others?: (() => Promise<readonly ServedProtocol[]>) | undefined;
}

/** A finding and the outcome of its repair. */
export interface RepairedOnHost extends HostFinding {
  readonly outcome: 'repaired' | 'failed' | 'left';
  readonly error: string | null;
}

/** Compares the Linux host on which this program runs with Cinder. */
export class HostView {
  readonly host: string;
  readonly #options: HostViewOptions;

  constructor(options: HostViewOptions) {
    this.host = options.host;
    this.#options = options;
  }

  /** Whether this host has Fibre Channel ports or connectors of third parties. Reads only its kernel and settings. */
  async takesVolumes(): Promise<boolean> {
    if ((await this.#options.system.list('/sys/class/fc_host')).length > 0) return true;
    return (await this.#others()).length > 0;
  }

  /** Returns the directories with the names of paths. */
  async searchPaths(): Promise<readonly string[]> {
    const others = (await this.#others()).map(({ connector }) => connector.getSearchPath());
    return [...new Set([BY_PATH, ...others])];
  }

  /** Returns the paths of all volumes, or of one by its ID. Changes nothing. */
  async paths(volumeId: string | undefined, w: Waiting): Promise<readonly PathRecord[]> {
    const { inventory, owners, others } = await this.#look(w);
    const records = mergeRecords(this.host, hostRecords(this.host, inventory, owners), others);
    const wanted = volumeId === undefined ? records : records.filter(({ volume_id: id }) => id === volumeId);
    return wanted.map((record) => ({ ...record, volume_name: owners.nameOf(record.volume_id) }));
  }

  /** Returns the objects that do not belong to a volume that Cinder has attached here. Changes nothing. */
  async orphans(w: Waiting): Promise<readonly HostFinding[]> {
    const { inventory, owners, others } = await this.#look(w);
    const found = findHostOrphans(this.host, inventory, owners);
    const more = findOtherOrphans(this.host, others, (volumeId) => owners.isAttachedHere(volumeId));
    return [...found, ...more.filter(({ name }) => !found.some((finding) => finding.name === name))];
  }

  /** Removes the objects that are safe to remove, one after the other. Continues after a failure. */
  async repair(findings: readonly HostFinding[], w: Waiting): Promise<readonly RepairedOnHost[]> {
    const results: RepairedOnHost[] = [];
    for (const finding of findings) results.push(await this.#repairOne(finding, w));
    return results;
  }

  async #repairOne(finding: HostFinding, w: Waiting): Promise<RepairedOnHost> {
    if (finding.leftover === null) return { ...finding, outcome: 'left', error: null };
    try {
      await removeLeftover(this.#options, finding.leftover, w);
      return { ...finding, outcome: 'repaired', error: null };
    } catch (error) {
      w.signal.throwIfAborted();
      return { ...finding, outcome: 'failed', error: describeError(error) };
    }
  }

  /** Returns the recorded volumes that have no device, unit or map left on this host. Changes nothing. */
  async goneVolumes(w: Waiting): Promise<readonly string[]> {
    const known = this.#options.known();
    if (known.length === 0) return [];
    const inventory = await takeInventory(this.#options, w);
    const owners = new Owners([], known, inventory);
    const found = [
      ...inventory.devices.map((device) => owners.of(device, [device])),
      ...inventory.units.map((unit) => owners.of({ wwid: undefined }, [unit])),
      ...inventory.maps.map((map) => owners.of(map, [])),
    ].flatMap((owner) => (owner.kind === 'stranger' ? [] : owner.volumeId));
    return known.map(({ volumeId }) => volumeId).filter((id) => !found.includes(id));
  }

  async #others(): Promise<readonly ServedProtocol[]> {
    return (await this.#options.others?.()) ?? [];
  }

  async #look(w: Waiting) {
    const { cinder, log, host, known } = this.#options;
    const inventory = await takeInventory(this.#options, w);
    const here = { host, initiators: inventory.ports.map(({ initiatorWwpn }) => initiatorWwpn) };
    const read = (info: Parameters<typeof readHostConnection>[0]) => readHostConnection(info, this.#options);
    const claims = await readClaims({ cinder, log, read }, here, w);
    const records = known();
    const others = await readOtherPaths(await this.#others(), records, w);
    return { inventory, others, owners: new Owners(claims, await this.#abandoned(records, w), inventory) };
  }

  /**
   * Returns the recorded volumes that are certainly not attached here. Without the attachments API, Cinder shows only whether
   * a volume is in use, so an in-use volume may be attached here.
   */
  async #abandoned(known: readonly KnownVolume[], w: Waiting): Promise<readonly KnownVolume[]> {
    const { cinder } = this.#options;
    if ((await cinder.level(w)).hasAttachments) return known;
    const volumes = await Promise.all(known.map(async ({ volumeId }) => await cinder.findVolume(volumeId, w)));
    return known.filter((_volume, index) => (volumes[index]?.status ?? 'available') === 'available');
  }
}
