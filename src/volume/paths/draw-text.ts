import type { PathRecord } from '../index.ts';

const UNKNOWN = 'not known';

/**
 * Draws paths as text: each initiator with its port and fabric, and below it each target and LUN with the state of the
 * path. A pure function; the order of the records does not matter.
 */
export function drawText(paths: readonly PathRecord[]): string {
  if (paths.length === 0) return 'no paths\n';
  const lines: string[] = [];
  for (const [volume, ofVolume] of groups(paths, ({ volume_id: id }) => id ?? UNKNOWN)) {
    lines.push(`volume ${volume}`);
    const byPort = groups(ofVolume, (path) => path.initiator_wwpn ?? UNKNOWN);
    for (const [index, [initiator, ofPort]] of byPort.entries()) {
      lines.push(...drawPort(initiator, ofPort, index === byPort.length - 1));
    }
  }
  return `${lines.join('\n')}\n`;
}

function drawPort(initiator: string, paths: readonly PathRecord[], isLast: boolean): readonly string[] {
  const first = paths[0];
  const device = first?.device_number ?? '----';
  const place = `${first?.connector ?? ''} port ${first?.adapter_port ?? UNKNOWN}, fabric ${first?.fabric ?? UNKNOWN}`;
  const head = `${isLast ? '`-' : '|-'} initiator ${initiator} (device ${device}, ${place})`;
  const sorted = paths.toSorted((a, b) => compare(targetKey(a), targetKey(b)));
  const rows = sorted.map((path, index) => {
    const branch = `${isLast ? ' ' : '|'}  ${index === sorted.length - 1 ? '`' : '|'}-`;
    const node = path.device === null ? '' : `  ${path.device}${path.map === null ? '' : ` in ${path.map}`}`;
    return `${branch} target ${path.target_wwpn}  LUN ${path.lun}${node}  ${path.state}: ${path.detail}`;
  });
  return [head, ...rows];
}

/** Groups paths by a key, sorted by key. */
export function groups(
  paths: readonly PathRecord[],
  key: (path: PathRecord) => string,
): readonly (readonly [string, readonly PathRecord[]])[] {
  const keys = [...new Set(paths.map(key))].toSorted(compare);
  return keys.map((each) => [each, paths.filter((path) => key(path) === each)]);
}

/** Identifies the target and LUN of a path. */
export function targetKey({ target_wwpn: target, lun }: PathRecord): string {
  return `${target} ${lun}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
