import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { send, type Answer } from './support.ts';

const exchangeSchema = z.object({
  n: z.number(),
  step: z.string(),
  service: z.enum(['cinder', 'keystone']),
  method: z.string(),
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.unknown(),
  status: z.number(),
  answerHeaders: z.record(z.string(), z.string()),
  answer: z.unknown(),
});
const recordingSchema = z.object({ note: z.string(), title: z.string(), exchanges: z.array(exchangeSchema).min(1) });

/** One recorded request with the answer of the real service. */
export type Exchange = z.infer<typeof exchangeSchema>;

/** Reads a recording of test/fixtures/cinder/recorded. */
export async function readRecording(name: string): Promise<readonly Exchange[]> {
  const path = new URL(`../../fixtures/cinder/recorded/${name}.json`, import.meta.url);
  return recordingSchema.parse(JSON.parse(await readFile(path, 'utf8'))).exchanges;
}

/** What is compared of an answer. */
export interface Compared {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | null>>;
  readonly body: unknown;
}

/** Where the simulator replaces the recorded services. */
export interface Stage {
  readonly cinder: string;
  readonly keystone: string;
  /** Target ports in the recorded array's place, in its order. */
  readonly ports: readonly string[];
}

const ID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\b[0-9a-f]{32}\b/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z?/g;
const WWPN = /\b(?:0x)?[0-9a-f]{2}(?::?[0-9a-f]{2}){7}\b/gi;
const RECORDED_PORTS = ['500a0981aa000001', '500a0982aa000002', '500a0981aa000003', '500a0982aa000004'];
const COMPARED_HEADERS = ['openstack-api-version', 'vary', 'location', 'www-authenticate', 'retry-after'];
const MEDIA_TYPE = 'content-type';
const REQUEST_IDS = ['x-openstack-request-id', 'x-compute-request-id'];

/**
 * Sends recorded requests to the simulator and puts both answers into comparable form.
 *
 * Ids differ between the two: each new id of a recorded answer is matched with what stands in the same place of the
 * live answer, and later requests are translated. Times, and the case of WWPNs, are not compared.
 */
export class Replay {
  readonly #stage: Stage;
  readonly #texts = new Map<string, string>();

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#texts.set('http://cinder.test:8776', stage.cinder);
    this.#texts.set('http://keystone.test:5000', stage.keystone);
    this.#texts.set('backend@host#pool', 'simulator@fc#fc');
    for (const [index, port] of stage.ports.entries()) this.#bindPort(RECORDED_PORTS[index] ?? port, port);
  }

  /** Says what a recorded text is here: an id that was made in a step that was not recorded, or a token. */
  bind(recorded: string, live: string): void {
    this.#texts.set(recorded, live);
  }

  /** Whether the id has been bound or has been seen in an answer. */
  isKnown(recorded: string): boolean {
    return this.#texts.has(recorded);
  }

  /** The text here that stands for a recorded one; itself when there is none. */
  liveOf(recorded: string): string {
    return this.#texts.get(recorded) ?? recorded;
  }

  /** Sends one request; returns both answers for comparison. */
  async play(exchange: Exchange): Promise<{ expected: Compared; actual: Compared }> {
    const base = exchange.service === 'keystone' ? this.#stage.keystone : this.#stage.cinder;
    const headers = this.#translate(exchange.headers) as Record<string, string>; // texts stay texts
    const body = exchange.body === null ? undefined : this.#translate(exchange.body);
    const live = await send(base + String(this.#translate(exchange.path)), exchange.method, headers, body);
    this.#learn(exchange.answer, live.body);
    this.#learnToken(exchange, live);
    const expected = comparable(exchange.status, (name) => exchange.answerHeaders[name] ?? null, exchange.answer);
    const actual = comparable(live.status, (name) => live.headers.get(name), live.body);
    return { expected: this.#translate(expected) as Compared, actual }; // the same shape with other texts
  }

  #learnToken({ answerHeaders }: Exchange, { headers }: Answer): void {
    const [recorded, live] = [answerHeaders['x-subject-token'], headers.get('x-subject-token')];
    if (recorded && live && !this.isKnown(recorded)) this.bind(recorded, live);
  }

  #learn(recorded: unknown, live: unknown): void {
    if (typeof recorded === 'string' && typeof live === 'string') {
      const [from, to] = [recorded.match(ID) ?? [], live.match(ID) ?? []];
      for (const [index, id] of from.entries()) if (to[index] && !this.isKnown(id)) this.bind(id, to[index]);
    } else if (isContainer(recorded) && isContainer(live)) {
      for (const [key, value] of Object.entries(recorded)) this.#learn(value, (live as Record<string, unknown>)[key]); // any key
    }
  }

  #translate(value: unknown): unknown {
    let text = JSON.stringify(value) ?? 'null';
    for (const [from, to] of this.#texts) text = text.replaceAll(from, to);
    return JSON.parse(text) as unknown;
  }

  #bindPort(recorded: string, live: string): void {
    for (const spell of [plain, withColons]) this.bind(spell(recorded), spell(live));
  }
}

function comparable(status: number, header: (name: string) => string | null, body: unknown): Compared {
  const headers = COMPARED_HEADERS.map((name) => [name, header(name)] as const);
  const presence = REQUEST_IDS.map((name) => [name, header(name) === null ? null : 'present'] as const);
  const type = header(MEDIA_TYPE)?.replace(/\s/g, '').toLowerCase() ?? null;
  const normal = Object.fromEntries([...headers, ...presence, [MEDIA_TYPE, type]]);
  return { status, headers: normal, body: settle(body ?? null) };
}

// What differs by nature: moments, and the case in which arrays write WWPNs.
function settle(body: unknown): unknown {
  const text = JSON.stringify(body)
    .replaceAll(TIME, '<time>')
    .replaceAll(WWPN, (wwpn) => wwpn.toLowerCase());
  return JSON.parse(text) as unknown;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function plain(wwpn: string): string {
  return wwpn;
}

function withColons(wwpn: string): string {
  return (wwpn.match(/../g) ?? []).join(':');
}
