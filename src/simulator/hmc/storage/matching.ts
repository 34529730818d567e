/** A volume that an API client requested. */
export interface RequestedVolume {
  readonly uri: string;
  readonly sizeGib: number;
  /** Known since an earlier discovery. */
  readonly uuid: string | undefined;
  /** The location that an API client has set. */
  readonly told: { readonly targetWwpn: string; readonly lun: string } | undefined;
}

/** A LUN that discovery found, with all addresses under which it was seen. */
export interface FoundLun {
  readonly uuid: string;
  readonly sizeGib: number;
  readonly addresses: readonly { readonly targetWwpn: string; readonly lun: string }[];
}

/** Which LUN is which volume, and which LUNs nobody requested. */
export interface Matching {
  readonly matched: ReadonlyMap<string, FoundLun>;
  readonly extra: readonly FoundLun[];
}

/**
 * Matches LUNs to volumes as an HMC does: what it knows by uuid stays, what it was told by address is taken, and for the rest the size
 * decides alone: the same size first, then the smallest that is larger (inferred). `found` comes in the order in which equal sizes are given out: any order is possible on a machine.
 */
export function matchVolumes(requested: readonly RequestedVolume[], found: readonly FoundLun[]): Matching {
  const matched = new Map<string, FoundLun>();
  const left = new Set(found);
  const take = (volume: RequestedVolume, fits: (lun: FoundLun) => boolean): void => {
    const lun = matched.has(volume.uri) ? undefined : [...left].find(fits);
    if (lun === undefined) return;
    matched.set(volume.uri, lun);
    left.delete(lun);
  };
  for (const volume of requested) take(volume, (lun) => lun.uuid === volume.uuid);
  for (const volume of requested) if (volume.uuid === undefined) take(volume, (lun) => isAt(lun, volume.told));
  const anywhere = requested.filter((volume) => volume.uuid === undefined && volume.told === undefined);
  for (const volume of anywhere) take(volume, (lun) => isSameSize(lun.sizeGib, volume.sizeGib));
  // What is larger than asked for serves too, and is flagged as overprovisioned.
  for (const volume of anywhere) {
    const larger = [...left].filter(({ sizeGib }) => sizeGib > volume.sizeGib);
    const smallest = Math.min(...larger.map(({ sizeGib }) => sizeGib));
    take(volume, ({ sizeGib }) => sizeGib === smallest);
  }
  return { matched, extra: [...left] };
}

function isAt({ addresses }: FoundLun, told: RequestedVolume['told']): boolean {
  return addresses.some(({ targetWwpn, lun }) => targetWwpn === told?.targetWwpn && lun === told.lun);
}

/** Sizes are decimal fractions of GiB with two digits on the HMC. */
export function isSameSize(a: number, b: number): boolean {
  return Math.abs(a - b) < 0.005;
}
