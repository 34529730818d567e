/** Versions of STOMP that the broker speaks, best first. */
export const versions = ['1.2', '1.1'] as const;

export type Version = (typeof versions)[number];

/** A frame as a client sent it. Of a repeated header, the first one counts (STOMP 1.2, Repeated Header Entries). */
export interface Frame {
  readonly command: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** A client broke the protocol, or asked for something that it may not have. The broker answers with ERROR and closes. */
export class StompError extends Error {}

/** Limits of ActiveMQ's StompWireFormat, except for the body: no client of an HMC has anything long to say. */
const limits = { command: 1_024, header: 10_240, headers: 1_000, body: 65_536 };

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

/** Commands whose headers are not escaped (STOMP 1.2, Value Encoding). */
const plainCommands: readonly string[] = ['CONNECT', 'STOMP', 'CONNECTED'];

/** Takes frames out of a stream of bytes. Sources: stomp.github.io, STOMP 1.1 and 1.2. */
export class FrameReader {
  /** Decides about line ends and escapes. A client may end lines with CR LF before the versions are negotiated. */
  version: Version = '1.2';
  #pending: Buffer = Buffer.alloc(0);

  /**
   * Adds what has been received. Call `next` until it returns undefined.
   */
  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
  }

  /**
   * Returns the next frame; undefined if none is complete.
   * @throws StompError when the bytes are not a frame, or exceed a limit
   */
  next(): Frame | undefined {
    this.#skipLineEnds();
    const cursor = new Cursor(this.#pending, this.version);
    const command = cursor.line(limits.command, 'command');
    if (command === undefined) return undefined;
    const headers = readHeaders(cursor, command);
    if (headers === undefined) return undefined;
    const body = cursor.body(contentLength(headers));
    if (body === undefined) return undefined;
    this.#pending = this.#pending.subarray(cursor.at);
    return { command, headers, body };
  }

  /** Line ends between frames are heart-beats. */
  #skipLineEnds(): void {
    let start = 0;
    while (this.#pending[start] === LF || this.#isCrLf(start)) start += this.#pending[start] === LF ? 1 : 2;
    this.#pending = this.#pending.subarray(start);
  }

  #isCrLf(at: number): boolean {
    return this.version === '1.2' && this.#pending[at] === CR && this.#pending[at + 1] === LF;
  }
}

/** A position in the bytes of one frame. Every method returns undefined if bytes are missing. */
class Cursor {
  at = 0;
  readonly version: Version;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, version: Version) {
    this.#bytes = bytes;
    this.version = version;
  }

  line(limit: number, what: string): string | undefined {
    const end = this.#bytes.indexOf(LF, this.at);
    const length = (end === -1 ? this.#bytes.length : end) - this.at;
    if (length > limit) throw new StompError(`the ${what} is longer than ${limit} bytes`);
    if (end === -1) return undefined;
    const hasCr = this.version === '1.2' && end > this.at && this.#bytes[end - 1] === CR;
    const text = decode(this.#bytes.subarray(this.at, hasCr ? end - 1 : end), what);
    this.at = end + 1;
    return text;
  }

  body(length: number | undefined): Buffer | undefined {
    const end = length === undefined ? this.#bytes.indexOf(0, this.at) : this.at + length;
    const isEndless = end === -1 && this.#bytes.length - this.at > limits.body;
    if (isEndless || end - this.at > limits.body) throw new StompError(`the body is longer than ${limits.body} bytes`);
    if (end === -1 || end >= this.#bytes.length) return undefined;
    if (this.#bytes[end] !== 0) throw new StompError('there is no NUL after the bytes that content-length announces');
    const body = this.#bytes.subarray(this.at, end);
    this.at = end + 1;
    return body;
  }
}

function readHeaders(cursor: Cursor, command: string): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (let count = 0; ; count += 1) {
    const line = cursor.line(limits.header, 'header');
    if (line === undefined) return undefined;
    if (line === '') return headers;
    if (count === limits.headers) throw new StompError(`the frame has more than ${limits.headers} headers`);
    const [name, value] = parseHeader(line, command, cursor.version);
    if (!headers.has(name)) headers.set(name, value);
  }
}

function parseHeader(line: string, command: string, version: Version): [name: string, value: string] {
  const colon = line.indexOf(String.fromCodePoint(COLON));
  if (colon < 1) throw new StompError('a header has no name or no colon');
  const [name, value] = [line.slice(0, colon), line.slice(colon + 1)];
  if (plainCommands.includes(command)) return [name, value];
  if (value.includes(':')) throw new StompError(`the value of the header '${name}' has a colon that is not escaped`);
  return [unescape(name, version), unescape(value, version)];
}

const escapes: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\c': ':', '\\r': '\r' };

function unescape(text: string, version: Version): string {
  return text.replaceAll(/\\.?/gu, (found) => {
    const meant = found === '\\r' && version === '1.1' ? undefined : escapes[found];
    if (meant === undefined) throw new StompError(`the escape sequence '${found}' is not defined`);
    return meant;
  });
}

function contentLength(headers: ReadonlyMap<string, string>): number | undefined {
  const text = headers.get('content-length');
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/u.test(text)) return Number(text);
  throw new StompError('the value of content-length is not a number of bytes');
}

function decode(bytes: Buffer, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new StompError(`the ${what} is not valid UTF-8`);
  }
}

/** Returns the bytes of a frame of the broker. */
export function encodeFrame(
  command: string,
  headers: Readonly<Record<string, string>>,
  body: string | null,
  version: Version,
): Buffer {
  const isPlain = plainCommands.includes(command);
  const escaped = (text: string) => (isPlain ? text : escape(text, version));
  const lines = Object.entries(headers).map(([name, value]) => `${escaped(name)}:${escaped(value)}\n`);
  return Buffer.from(`${command}\n${lines.join('')}\n${body ?? ''}\0`);
}

function escape(text: string, version: Version): string {
  const names: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', ':': '\\c', '\r': '\\r' };
  // STOMP 1.1 has no escape sequence for a carriage return.
  const known = version === '1.1' ? text.replaceAll('\r', '') : text;
  return known.replaceAll(/[\\\n:\r]/gu, (found) => names[found] ?? found);
}
