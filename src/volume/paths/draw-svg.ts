import type { PathRecord } from '../index.ts';
import { compare, connectorLabel, groups, volumeLabel } from './groups.ts';
import { kindOf, kindsOf, lookOf } from './line-styles.ts';
import type { LineKind } from './line-styles.ts';
import { bend, escape, ink, line, shorten, text } from './svg.ts';
import type { Point } from './svg.ts';

/** In SVG user units. */
const page = { width: 1140, margin: 24, row: 64, boxHeight: 46, head: 64, gap: 40, legendRow: 24 } as const;

const columns = {
  initiator: { x: 24, width: 230, head: 'Initiators' },
  fabric: { x: 300, width: 180, head: 'Fabrics' },
  target: { x: 550, width: 230, head: 'Targets' },
  volume: { x: 850, width: 266, head: 'Volume' },
} as const;

type Column = keyof typeof columns;

interface Box {
  readonly column: Column;
  readonly y: number;
  readonly title: string;
  readonly subtitle: string;
  /** Colour of the best path through the box. */
  readonly color: string;
}

/**
 * Draws paths as an SVG picture. Each volume is a section with its initiators, fabrics and targets from left to right, and
 * a line for each path in the look of its state. The legend explains the states that occur. A pure function; the order of
 * the records does not matter.
 */
export function drawSvg(paths: readonly PathRecord[]): string {
  const parts: string[] = [];
  let y: number = page.margin;
  const byVolume = groups(paths, (path) => JSON.stringify([volumeLabel(path), path.volume_id]));
  for (const [, ofVolume] of byVolume) {
    const { svg, height } = drawVolume(ofVolume, y);
    parts.push(svg);
    y += height + page.gap;
  }
  if (paths.length === 0) {
    parts.push(text({ x: page.margin, y: y + 16 }, 'no paths', { size: 14 }));
    y += page.gap;
  }
  const legend = drawLegend(kindsOf(paths), y);
  const height = y + legend.height + page.margin;
  const { width } = page;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    '<title>Paths of volumes</title>',
    `<rect width="${width}" height="${height}" fill="${ink.paper}"/>`,
    ...parts,
    ...legend.lines,
    '</svg>',
    '',
  ].join('\n');
}

function drawVolume(paths: readonly PathRecord[], top: number): { svg: string; height: number } {
  const initiators = groups(paths, initiatorKey);
  const fabrics = groups(
    paths.filter(({ fabric }) => fabric !== null),
    fabricKey,
  );
  const targets = groups(paths, targetKey);
  const rows = Math.max(initiators.length, fabrics.length, targets.length);
  const height = page.head + rows * page.row;
  const boxes = (column: Column, grouped: ReturnType<typeof groups>, label: (path: PathRecord) => [string, string]) =>
    new Map(
      grouped.flatMap(([key, [first, ...others]], index) => {
        if (first === undefined) return [];
        const middle = top + page.head + ((rows * page.row) / grouped.length) * (index + 0.5);
        const [title, subtitle] = label(first);
        const color = healthColor([first, ...others]);
        return [[key, { column, y: Math.round(middle - page.boxHeight / 2), title, subtitle, color }] as const];
      }),
    );
  const initiatorBoxes = boxes('initiator', initiators, initiatorLabel);
  const fabricBoxes = boxes('fabric', fabrics, ({ fabric }) => [fabric ?? '', '']);
  const targetBoxes = boxes('target', targets, ({ target_wwpn: target, lun }) => [
    target === '' ? 'not known' : target,
    lun === '' ? '' : `LUN ${lun}`,
  ]);
  const volumeBoxes = boxes('volume', [['', paths]], (path) => [
    shorten(volumeLabel(path), 26),
    path.volume_name === null ? '' : (path.volume_id ?? ''),
  ]);
  const lines = paths
    .toSorted((a, b) => compare(orderOf(a), orderOf(b)))
    .map((path) => {
      const stops = [
        initiatorBoxes.get(initiatorKey(path)),
        fabricBoxes.get(fabricKey(path)),
        targetBoxes.get(targetKey(path)),
        volumeBoxes.get(''),
      ].filter((box) => box !== undefined);
      return drawPath(path, stops);
    });
  const all = [initiatorBoxes, fabricBoxes, targetBoxes, volumeBoxes].flatMap((each) => [...each.values()]);
  return { svg: [...drawHead(paths, fabrics.length > 0, top), ...lines, ...all.map(drawBox)].join('\n'), height };
}

function drawHead(paths: readonly PathRecord[], hasFabrics: boolean, top: number): readonly string[] {
  const [first] = paths;
  const connectors = [...new Set(paths.map(connectorLabel))].toSorted(compare).join(', ');
  const title = first === undefined ? '' : `Volume ${volumeLabel(first)} – ${connectors}`;
  const heads = Object.entries(columns).filter(([name]) => name !== 'fabric' || hasFabrics);
  return [
    text({ x: page.margin, y: top + 16 }, shorten(title, 110), { size: 17, weight: 'bold' }),
    ...heads.map(([, { x, head }]) => text({ x, y: top + 46 }, head, { size: 12, weight: 'bold', color: ink.soft })),
  ];
}

function initiatorKey(path: PathRecord): string {
  return `${connectorLabel(path)} ${path.connector} ${path.initiator_wwpn ?? ''}`;
}

function initiatorLabel(path: PathRecord): [string, string] {
  const device = path.device_number === null ? '' : `, device ${path.device_number}`;
  return [path.initiator_wwpn ?? 'not known', `${shorten(connectorLabel(path), 24)}${device}`];
}

function fabricKey({ fabric }: PathRecord): string {
  return fabric ?? '';
}

function targetKey({ target_wwpn: target, lun }: PathRecord): string {
  return `${target} ${lun}`;
}

/** Lines overlap: healthy paths are drawn last, so that they stay visible. */
function orderOf(path: PathRecord): string {
  const layer = { 'other-fabric': 0, active: 2, configured: 2, idle: 2 }[kindOf(path) as string] ?? 1;
  return `${layer} ${initiatorKey(path)} ${targetKey(path)} ${path.device ?? ''}`;
}

function healthColor(paths: readonly PathRecord[]): string {
  const [best] = kindsOf(paths);
  return best === undefined ? ink.border : lookOf(best).color;
}

/** The last box that the line of a broken path reaches. */
const breaks: Readonly<Partial<Record<LineKind, Column>>> = {
  'adapter-down': 'initiator',
  'target-unreachable': 'target',
  'other-fabric': 'target',
};

/** Draws a line from box to box, up to where the path is broken. Hovering shows the state. */
function drawPath(path: PathRecord, stops: readonly Box[]): string {
  const kind = kindOf(path);
  const last = stops.findIndex(({ column }) => column === breaks[kind]);
  const reached = last === -1 ? stops : stops.slice(0, last + 1);
  const bends = reached.slice(1).map((to, index) => bend(right(reached[index] ?? to), left(to)));
  const [first] = stops;
  const stub = first === undefined ? '' : `M ${right(first).x} ${right(first).y} h 22`;
  const names = `${connectorLabel(path)} ${path.initiator_wwpn ?? ''} ${targetKey(path)}`;
  return line(bends.length === 0 ? stub : bends.join(' '), lookOf(kind), `${names}: ${path.state}, ${path.detail}`);
}

function left({ column, y }: Box): Point {
  return { x: columns[column].x, y: y + page.boxHeight / 2 };
}

function right({ column, y }: Box): Point {
  return { x: columns[column].x + columns[column].width, y: y + page.boxHeight / 2 };
}

function drawBox({ column, y, title, subtitle, color }: Box): string {
  const { x, width } = columns[column];
  const hover = `<title>${escape(subtitle === '' ? title : `${title}, ${subtitle}`)}</title>`;
  const font = column === 'volume' ? 'sans-serif' : 'monospace';
  const style = { size: 14, weight: column === 'volume' ? 'bold' : 'normal', font } as const;
  return [
    `<g>${hover}<rect x="${x}" y="${y}" width="${width}" height="${page.boxHeight}" rx="6" fill="#f6f8fa" stroke="${ink.border}"/>`,
    `<rect x="${x}" y="${y}" width="6" height="${page.boxHeight}" rx="3" fill="${color}"/>`,
    text({ x: x + 16, y: y + (subtitle === '' ? 28 : 20) }, title, style),
    ...(subtitle === '' ? [] : [text({ x: x + 16, y: y + 37 }, subtitle, { size: 11, color: ink.soft })]),
    '</g>',
  ].join('');
}

/** Explains the kinds of lines that occur, in two columns. */
function drawLegend(kinds: readonly LineKind[], top: number): { lines: readonly string[]; height: number } {
  const half = Math.ceil(kinds.length / 2);
  const rule = line(`M ${page.margin} ${top - 16} H ${page.width - page.margin}`, {
    ...{ color: ink.border, dash: '', width: 1 },
  });
  const entries = kinds.flatMap((kind, index) => {
    const look = lookOf(kind);
    const x = index < half ? page.margin : columns.target.x;
    const y = top + 10 + (index % half) * page.legendRow;
    return [
      line(`M ${x} ${y} h 36`, look),
      text({ x: x + 48, y: y + 4 }, kind, { size: 12, weight: 'bold' }),
      text({ x: x + 170, y: y + 4 }, look.meaning, { size: 12, color: ink.soft }),
    ];
  });
  return { lines: kinds.length === 0 ? [] : [rule, ...entries], height: half * page.legendRow };
}
