import type { PathRecord, PathState } from '../index.ts';
import { groups, targetKey } from './draw-text.ts';

/** In SVG user units. A character is about 7 wide. */
const layout = { width: 1000, top: 70, row: 64, boxHeight: 44, boxWidth: 220, margin: 20, gap: 36 } as const;
const columns = { initiator: 20, fabric: 270, target: 520, lun: 760 } as const;

/** Colour and dash of each state. All states differ; dashes alone tell the working ones from the others. */
const strokes: Readonly<Record<PathState, readonly [color: string, dash: string]>> = {
  active: ['#1a7f37', ''],
  configured: ['#1a5fb4', ''],
  idle: ['#6e7781', '6 4'],
  'adapter-down': ['#9a6700', '2 4'],
  'target-unreachable': ['#c01c28', '2 4'],
  'lun-unreachable': ['#c01c28', '8 4'],
  'other-volume': ['#9141ac', '8 4'],
  offline: ['#9a6700', '8 4'],
  missing: ['#6e7781', '2 4'],
};

interface Box {
  readonly x: number;
  readonly y: number;
  readonly title: string;
  readonly subtitle: string;
}

/**
 * Draws paths as an SVG picture: initiators, fabrics, targets and LUNs from left to right, each line with its state. A
 * pure function; the order of the records does not matter.
 */
export function drawSvg(paths: readonly PathRecord[]): string {
  const drawn = groups(paths, (path) => path.volume_id ?? '');
  const parts: string[] = [];
  let y: number = layout.top;
  for (const [volume, ofVolume] of drawn) {
    const { svg, height } = drawVolume(volume, ofVolume, y);
    parts.push(svg);
    y += height + layout.gap;
  }
  if (drawn.length === 0) parts.push(text(layout.margin, y, 'no paths', 14));
  const height = y + 20 + 18 * Math.ceil(Object.keys(strokes).length / 5);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${layout.width} ${height}" width="${layout.width}" height="${height}" font-family="sans-serif">`,
    '<title>Paths of volumes</title>',
    `<rect width="${layout.width}" height="${height}" fill="#ffffff"/>`,
    ...(['initiator', 'fabric', 'target', 'lun'] as const).map((name) =>
      text(columns[name], 28, heads[name], 14, 'bold'),
    ),
    ...parts,
    legend(y + 10),
    '</svg>',
    '',
  ].join('\n');
}

const heads = { initiator: 'Initiators', fabric: 'Fabrics', target: 'Targets', lun: 'LUN' } as const;

function drawVolume(volume: string, paths: readonly PathRecord[], top: number): { svg: string; height: number } {
  const initiators = groups(paths, initiatorKey);
  const fabrics = groups(paths, fabricOf);
  const targets = groups(paths, targetKey);
  const rows = Math.max(initiators.length, fabrics.length, targets.length);
  const height = rows * layout.row;
  const place = (count: number, index: number) => top + 14 + (height / count) * (index + 0.5) - layout.boxHeight / 2;
  const initiatorBoxes = boxes(initiators, columns.initiator, place, ({ initiator_wwpn: wwpn, ...path }) => [
    wwpn ?? 'initiator not known',
    `${path.device_number ?? '----'} at ${short(path.connector)}`,
  ]);
  const fabricBoxes = boxes(fabrics, columns.fabric, place, (path) => [path.fabric ?? 'fabric not told', '']);
  const targetBoxes = boxes(targets, columns.target, place, (path) => [path.target_wwpn, `LUN ${path.lun}`]);
  const lun = {
    x: columns.lun,
    y: place(1, 0),
    title: volume === '' ? 'volume not known' : short(volume),
    subtitle: 'volume',
  };
  const lines = paths
    .toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
    .flatMap((path) => {
      const from = initiatorBoxes.get(initiatorKey(path));
      const by = fabricBoxes.get(fabricOf(path));
      const to = targetBoxes.get(targetKey(path));
      return from === undefined || by === undefined || to === undefined
        ? []
        : [curve(path, [from, by, to, lun].slice(0, reach[path.state] ?? 4))];
    });
  const all = [...initiatorBoxes.values(), ...fabricBoxes.values(), ...targetBoxes.values(), lun];
  return { svg: [...lines, ...all.map(box)].join('\n'), height };
}

/** How many boxes a line connects: it ends where the path breaks. */
const reach: Readonly<Partial<Record<PathState, number>>> = { 'adapter-down': 2, 'target-unreachable': 3 };

/** Lines overlap: working paths are drawn last, so that they stay visible. */
function orderOf(path: PathRecord): string {
  return `${path.state === 'active' || path.state === 'configured' ? 1 : 0} ${keyOf(path)}`;
}

function initiatorKey(path: PathRecord): string {
  return `${path.connector} ${path.initiator_wwpn ?? ''}`;
}

function keyOf(path: PathRecord): string {
  return `${initiatorKey(path)} ${targetKey(path)}`;
}

function fabricOf({ fabric }: PathRecord): string {
  return fabric ?? '';
}

function boxes(
  grouped: ReturnType<typeof groups>,
  x: number,
  place: (count: number, index: number) => number,
  label: (path: PathRecord) => readonly [string, string],
): ReadonlyMap<string, Box> {
  return new Map(
    grouped.flatMap(([key, [first]], index) => {
      if (first === undefined) return [];
      const [title, subtitle] = label(first);
      return [[key, { x, y: place(grouped.length, index), title, subtitle }] as const];
    }),
  );
}

function box({ x, y, title, subtitle }: Box): string {
  const { boxWidth, boxHeight } = layout;
  const rect = `<rect x="${x}" y="${Math.round(y)}" width="${boxWidth}" height="${boxHeight}" rx="6" fill="#f6f8fa" stroke="#57606a"/>`;
  const first = text(x + 10, Math.round(y) + (subtitle === '' ? 27 : 19), title, 13);
  return subtitle === '' ? `${rect}${first}` : `${rect}${first}${text(x + 10, Math.round(y) + 36, subtitle, 11)}`;
}

/** Draws a line from box to box; hovering shows the state. */
function curve(path: PathRecord, stops: readonly Box[]): string {
  const [color, dash] = strokes[path.state];
  const middle = layout.boxHeight / 2;
  const bends = stops.slice(1).map((to, index) => {
    const from = stops[index] ?? to;
    const [x1, y1, x2, y2] = [from.x + layout.boxWidth, Math.round(from.y + middle), to.x, Math.round(to.y + middle)];
    return `M ${x1} ${y1} C ${x1 + 15} ${y1}, ${x2 - 15} ${y2}, ${x2} ${y2}`;
  });
  const style = `fill="none" stroke="${color}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`;
  return `<path d="${bends.join(' ')}" ${style}><title>${escape(`${keyOf(path)}: ${path.state}, ${path.detail}`)}</title></path>`;
}

function legend(top: number): string {
  return Object.entries(strokes)
    .map(([state, [color, dash]], index) => {
      const [x, y] = [layout.margin + (index % 5) * 190, top + Math.floor(index / 5) * 18];
      const line = `<path d="M ${x} ${y} H ${x + 30}" stroke="${color}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>`;
      return `${line}${text(x + 38, y + 4, state, 12)}`;
    })
    .join('\n');
}

function text(x: number, y: number, content: string, size: number, weight = 'normal'): string {
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="#1f2328">${escape(content)}</text>`;
}

/** Shortens a name to the width of a box. */
function short(name: string): string {
  return name.length <= 21 ? name : `${name.slice(0, 10)}…${name.slice(-10)}`;
}

/** Escapes names, which come from peers. XML forbids control characters, surrogates, U+FFFE and U+FFFF. */
function escape(content: string): string {
  const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return content
    .replaceAll(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd')
    .replaceAll(/[&<>"]/g, (letter) => named[letter] ?? letter);
}
