import type { SanSnapshot, ZoningPolicy } from './types.ts';

// Default of fc-zone-manager's `zone_name_prefix`.
const ZONE_PREFIX = 'openstack';

/** One fabric: its name server and its zones. All WWPNs are in canonical form here. */
export class Fabric {
  readonly id: string;
  readonly #policy: ZoningPolicy;
  readonly #zones = new Map<string, Set<string>>();

  constructor(id: string, policy: ZoningPolicy) {
    this.id = id;
    this.#policy = policy;
  }

  isZoned(initiator: string, target: string): boolean {
    if (this.#policy === 'open') return true;
    return [...this.#zones.values()].some((members) => members.has(initiator) && members.has(target));
  }

  /** Zones as the zone manager would; existing zones are extended. */
  addZone(initiator: string, target: string): void {
    const name = this.#zoneName(initiator, target);
    const members = this.#zones.get(name) ?? new Set([initiator]);
    this.#zones.set(name, members.add(target));
  }

  /** Removes the pair from every zone of any owner, and deletes zones with one member left. */
  removeZone(initiator: string, target: string): void {
    for (const [name, members] of this.#zones) {
      if (!members.has(initiator) || !members.has(target)) continue;
      members.delete(target);
      if (members.size < 2) this.#zones.delete(name);
    }
  }

  zonedTargets(initiator: string): string[] {
    const zones = [...this.#zones.values()].filter((members) => members.has(initiator));
    return [...new Set(zones.flatMap((members) => [...members]))].filter((member) => member !== initiator);
  }

  /** The zones, for a restart. */
  get zones(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#zones;
  }

  restore(zones: ReadonlyMap<string, ReadonlySet<string>>): void {
    for (const [name, members] of zones) this.#zones.set(name, new Set(members));
  }

  snapshot(): SanSnapshot['fabrics'][number] {
    const zones = [...this.#zones].map(([name, members]) => ({ name, members: [...members].sort() }));
    return { id: this.id, zones: zones.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  }

  // cinder zonemanager: policy initiator keeps one zone per initiator, every other use one per pair.
  #zoneName(initiator: string, target: string): string {
    return this.#policy === 'initiator' ? ZONE_PREFIX + initiator : ZONE_PREFIX + initiator + target;
  }
}
