import type { PathRecord } from '../index.ts';

const UNKNOWN = 'not known';

/**
 * Draws paths as text: each initiator with its port and fabric, below it each target and LUN with the state of the path.
 * A pure function; the same records give the same lines, in whatever order they come.
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
  const sorted = paths.toSorted((a, b) => compare(keyOf(a), keyOf(b)));
  const rows = sorted.map((path, index) => {
    const branch = `${isLast ? ' ' : '|'}  ${index === sorted.length - 1 ? '`' : '|'}-`;
    const node = path.device === null ? '' : `  ${path.device}${path.map === null ? '' : ` in ${path.map}`}`;
    return `${branch} target ${path.target_wwpn}  LUN ${path.lun}${node}  ${path.state}: ${path.detail}`;
  });
  return [head, ...rows];
}

/** In the order of the keys. */
export function groups(
  paths: readonly PathRecord[],
  key: (path: PathRecord) => string,
): readonly (readonly [string, readonly PathRecord[]])[] {
  const keys = [...new Set(paths.map(key))].toSorted(compare);
  return keys.map((each) => [each, paths.filter((path) => key(path) === each)]);
}

function keyOf({ target_wwpn: target, lun }: PathRecord): string {
  return `${target} ${lun}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
