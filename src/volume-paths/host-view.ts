import { describeError } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { CinderClient } from '../cinder-client/index.ts';
import { readHostConnection, removeLeftover, takeInventory } from '../host-connector/index.ts';
import type { HostInventory, InventoryOptions } from '../host-connector/index.ts';
import type { PathRecord } from '../volume/index.ts';
import { readClaims } from './claims.ts';
import { findHostOrphans } from './host-orphans.ts';
import type { HostFinding } from './host-orphans.ts';
import { hostRecords } from './host-records.ts';
import { Owners } from './ownership.ts';
import type { KnownVolume } from './ownership.ts';

/** Where udev names disks by the way that leads to them. */
const SEARCH_PATH = '/dev/disk/by-path';

/** What a view of a host is made with. */
export interface HostViewOptions extends InventoryOptions {
  readonly cinder: CinderClient;
  /** The name of the host for Cinder. */
  readonly host: string;
  /** Volumes that were attached to this host by us, as far as there are records. */
  readonly known: () => readonly KnownVolume[];
}

/** A finding, and what came of its repair. */
export interface RepairedOnHost extends HostFinding {
  readonly outcome: 'repaired' | 'failed' | 'left';
  readonly error: string | null;
}

/** The Linux host on which this program runs, compared with what Cinder says of it. */
export class HostView {
  readonly host: string;
  readonly searchPath = SEARCH_PATH;
  readonly #options: HostViewOptions;

  constructor(options: HostViewOptions) {
    this.host = options.host;
    this.#options = options;
  }

  /** Has this host Fibre Channel ports at all? Asks nobody but its own kernel. */
  async hasPorts(): Promise<boolean> {
    return (await this.#options.system.list('/sys/class/fc_host')).length > 0;
  }

  /** Paths of all Fibre Channel volumes, or of one by its id. Changes nothing. */
  async paths(volumeId: string | undefined, w: Waiting): Promise<readonly PathRecord[]> {
    const { inventory, owners } = await this.#look(w);
    const records = hostRecords(this.host, inventory, owners);
    return volumeId === undefined ? records : records.filter(({ volume_id: id }) => id === volumeId);
  }

  /** What belongs to no volume that Cinder has attached here. Changes nothing. */
  async orphans(w: Waiting): Promise<readonly HostFinding[]> {
    const { inventory, owners } = await this.#look(w);
    return findHostOrphans(this.host, inventory, owners);
  }

  /** Removes what is safe to remove, one after the other; one that fails does not keep the others from it. */
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

  async #look(w: Waiting): Promise<{ readonly inventory: HostInventory; readonly owners: Owners }> {
    const { cinder, log, host, known } = this.#options;
    const inventory = await takeInventory(this.#options, w);
    const here = { host, initiators: inventory.ports.map(({ initiatorWwpn }) => initiatorWwpn) };
    const read = (info: Parameters<typeof readHostConnection>[0]) => readHostConnection(info, this.#options);
    const claims = await readClaims({ cinder, log, read }, here, w);
    return { inventory, owners: new Owners(claims, await this.#abandoned(known(), w), inventory) };
  }

  /** Without the attachments API, Cinder says of a volume only whether it is in use: one that is may be so here. */
  async #abandoned(known: readonly KnownVolume[], w: Waiting): Promise<readonly KnownVolume[]> {
    const { cinder } = this.#options;
    if ((await cinder.level(w)).hasAttachments) return known;
    const volumes = await Promise.all(known.map(async ({ volumeId }) => await cinder.findVolume(volumeId, w)));
    return known.filter((_volume, index) => (volumes[index]?.status ?? 'available') === 'available');
  }
}
