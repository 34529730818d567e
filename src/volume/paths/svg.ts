/** Elements of an SVG picture. All numbers are SVG user units. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface LineStyle {
  readonly color: string;
  /** As `stroke-dasharray`; empty for a solid line. */
  readonly dash: string;
  readonly width: number;
}

export interface TextStyle {
  readonly size: number;
  readonly weight?: 'normal' | 'bold';
  readonly color?: string;
  readonly font?: 'sans-serif' | 'monospace';
}

export const ink = { text: '#1f2328', soft: '#59636e', border: '#c8d0d8', paper: '#ffffff' } as const;

export function text({ x, y }: Point, content: string, style: TextStyle): string {
  const { size, weight = 'normal', color = ink.text, font = 'sans-serif' } = style;
  const look = `font-size="${size}" font-weight="${weight}" font-family="${font}" fill="${color}"`;
  return `<text x="${x}" y="${y}" ${look}>${escape(content)}</text>`;
}

/** Draws a line along path data; hovering shows the title. */
export function line(data: string, { color, dash, width }: LineStyle, title?: string): string {
  const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  const start = `<path d="${data}" fill="none" stroke="${color}" stroke-width="${width}"${dashes}`;
  return title === undefined ? `${start}/>` : `${start}><title>${escape(title)}</title></path>`;
}

/** Returns the path data of a curve that leaves and arrives horizontally. */
export function bend(from: Point, to: Point): string {
  const half = Math.round((to.x - from.x) / 2);
  return `M ${from.x} ${from.y} C ${from.x + half} ${from.y}, ${to.x - half} ${to.y}, ${to.x} ${to.y}`;
}

/** Shortens a name in the middle. */
export function shorten(name: string, length: number): string {
  if (name.length <= length) return name;
  const half = Math.floor((length - 1) / 2);
  return `${name.slice(0, half)}…${name.slice(-half)}`;
}

/** Escapes text from peers. XML forbids control characters, surrogates, U+FFFE and U+FFFF. */
export function escape(content: string): string {
  const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return content
    .replaceAll(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd')
    .replaceAll(/[&<>"]/g, (letter) => named[letter] ?? letter);
}
