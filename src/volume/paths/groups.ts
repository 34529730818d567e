import type { PathRecord } from '../index.ts';

/** The paths from one connector to one LUN of one volume, sorted by initiator and target. */
export interface LunPaths {
  /** `volume boot-1, server web1, LUN 0002000000000000` in parts. */
  readonly heading: readonly string[];
  readonly paths: readonly PathRecord[];
}

/** Groups paths by volume, connector and LUN, sorted by these. */
export function groupByLun(paths: readonly PathRecord[]): readonly LunPaths[] {
  const byLun = groups(paths, (path) =>
    JSON.stringify([volumeLabel(path), path.volume_id, connectorLabel(path), path.connector, path.lun]),
  );
  return byLun.map(([, ofLun]) => ({
    heading: headingOf(ofLun),
    paths: ofLun.toSorted((a, b) => compare(portsKey(a), portsKey(b))),
  }));
}

function headingOf(paths: readonly PathRecord[]): readonly string[] {
  const [first] = paths;
  if (first === undefined) return [];
  const maps = [...new Set(paths.flatMap(({ map }) => map ?? []))].toSorted(compare);
  return [
    `volume ${volumeLabel(first)}`,
    connectorLabel(first),
    ...(first.lun === '' ? [] : [`LUN ${first.lun}`]),
    ...maps.map((map) => `multipath device ${map}`),
  ];
}

/** Returns the name of the volume, else its ID. */
export function volumeLabel({ volume_name: name, volume_id: id }: PathRecord): string {
  return name ?? id ?? 'not known';
}

/** Returns `server web1`, `partition payroll` or `host lnx1`. */
export function connectorLabel({ server, kind, connector }: Pick<PathRecord, 'server' | 'kind' | 'connector'>): string {
  return server === null ? `${kind} ${connector}` : `server ${server}`;
}

/** Returns the block device of a path on a host, else the device number of its port in the guest. */
export function deviceLabel({ device, device_number: number }: PathRecord): string {
  return device ?? number ?? '';
}

/** Groups paths by a key, sorted by key. */
export function groups(
  paths: readonly PathRecord[],
  key: (path: PathRecord) => string,
): readonly (readonly [string, readonly PathRecord[]])[] {
  const keys = [...new Set(paths.map(key))].toSorted(compare);
  return keys.map((each) => [each, paths.filter((path) => key(path) === each)]);
}

function portsKey({ initiator_wwpn: initiator, target_wwpn: target, device }: PathRecord): string {
  return `${initiator ?? ''} ${target} ${device ?? ''}`;
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
