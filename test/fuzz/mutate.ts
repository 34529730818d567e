import * as fc from 'fast-check';

/** How an answer is spoilt: what is done, where (a number that picks a place), and with what. */
export interface Mutation {
  readonly kind: (typeof mutationKinds)[number];
  readonly place: number;
  readonly otherPlace: number;
  readonly value: unknown;
  readonly text: string;
}

/** What is done to a valid body; the last three have nothing to do with it. */
const mutationKinds = [
  'remove',
  'retype',
  'replace text',
  'lead elsewhere',
  'swap',
  'duplicate key',
  'duplicate element',
  'prototype key',
  'unknown key',
  'huge',
  'deep',
  'cut off',
  'other JSON',
  'other text',
] as const;

/** Places that no answer may lead to. */
const elsewhere = [
  'http://evil.example.com/api/partitions/1',
  'https://evil.example.com:6794/api/partitions/1',
  '//evil.example.com/api/partitions/1',
  '/api/../../etc/passwd',
  '/api/partitions/../../sessions',
  '../../../../tmp/x',
  '..',
  '.',
  'file:///etc/passwd',
  '/api/partitions/1?force=true',
  '/api/partitions/1\r\nX-Injected: yes',
  '%2e%2e/%2e%2e',
] as const;

const oddTexts = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202e\u200b',
  '🂡'.repeat(40),
  '__proto__',
  'constructor',
  'toString',
  'null',
  '0x10',
  '-1',
  'NaN',
  '1e400',
  'active',
  'in-use',
  'error',
  "'; DROP TABLE instances; --",
  '$(reboot)',
  '\u001b[2J',
] as const;

const oddValues = [null, true, false, 0, -1, 0.5, 2 ** 53, 1e308, -0, [], {}, [[]], [null], [{}], ''] as const;

/** Seeded, and shrunk by hand: a body that does harm is printed whole. */
export const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(...mutationKinds),
  place: fc.nat(),
  otherPlace: fc.nat(),
  value: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<unknown>(...oddValues) },
    { weight: 2, arbitrary: fc.constantFrom<unknown>(...oddTexts, ...elsewhere) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  ),
  text: fc.oneof(
    fc.constantFrom(...oddTexts),
    fc.constantFrom(...elsewhere),
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.string({ maxLength: 30 }),
  ),
});

/** A place of a JSON value: its holder, and the key there. */
interface Place {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string | number;
}

function placesOf(root: { readonly body: unknown }): Place[] {
  const places: Place[] = [];
  const visit = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return;
    const holder = value as Place['holder']; // an object or an array
    for (const key of Array.isArray(holder) ? holder.keys() : Object.keys(holder)) {
      places.push({ holder, key });
      visit(at({ holder, key }));
    }
  };
  visit(root);
  return places;
}

function at({ holder, key }: Place): unknown {
  return Reflect.get(holder, key);
}

/** `__proto__` becomes a key like any other. */
function put({ holder, key }: Place, value: unknown): void {
  Reflect.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Deep enough to break a program that follows it by recursion, and far below what a client may read. */
const DEPTH = 20_000;
const LENGTH = 5_000;

/** The text of a body, spoilt. */
export function mutate(body: string, { kind, place, otherPlace, value, text }: Mutation): string {
  if (kind === 'other text') return text;
  if (kind === 'other JSON') return JSON.stringify(value);
  if (kind === 'cut off') return body.slice(0, place % (body.length + 1));
  const root = { body: parse(body) };
  const places = placesOf(root);
  const here = pick(places, place);
  const seen = at(here);
  switch (kind) {
    case 'remove':
      if (Array.isArray(here.holder)) here.holder.splice(Number(here.key), 1);
      else Reflect.deleteProperty(here.holder, here.key);
      break;
    case 'retype':
      put(here, value);
      break;
    case 'replace text':
      put(pickText(places, place), text);
      break;
    case 'lead elsewhere':
      put(pickUri(places, place), elsewhere[otherPlace % elsewhere.length]);
      break;
    case 'swap': {
      const there = pick(places, otherPlace);
      const other = at(there);
      if (!contains(seen, there.holder) && !contains(other, here.holder)) {
        put(here, other);
        put(there, seen);
      }
      break;
    }
    case 'duplicate key':
      return duplicateKey(root.body, place, value);
    case 'duplicate element':
      put(here, Array.isArray(seen) ? [...(seen as unknown[]), ...(seen as unknown[])] : [seen, seen]);
      break;
    case 'prototype key':
      addPrototypeKeys(pickObject(places, place) ?? here.holder);
      break;
    case 'unknown key':
      put({ holder: pickObject(places, place) ?? here.holder, key: text }, value);
      break;
    case 'huge':
      put(here, typeof seen === 'string' ? 'x'.repeat(LENGTH * 10) : Array.from({ length: LENGTH }, () => seen));
      break;
    case 'deep':
      return JSON.stringify(setMarker(root, here)).replace(
        `"${MARKER}"`,
        otherPlace % 2 === 0
          ? `${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`
          : `${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`,
      );
  }
  return JSON.stringify(root.body) ?? '';
}

const MARKER = 'the-deep-one';

function setMarker(root: { body: unknown }, here: Place): unknown {
  put(here, MARKER);
  return root.body;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return {};
  }
}

function pick(places: readonly Place[], number: number): Place {
  return places[number % places.length]!; // the root itself is always one
}

function pickObject(places: readonly Place[], number: number): Record<string, unknown> | undefined {
  const objects = places
    .map(at)
    .filter((value) => value !== null && typeof value === 'object' && !Array.isArray(value));
  return objects[number % Math.max(1, objects.length)] as Record<string, unknown> | undefined; // as just filtered
}

function pickText(places: readonly Place[], number: number): Place {
  const texts = places.filter((each) => typeof at(each) === 'string');
  return pick(texts.length === 0 ? places : texts, number);
}

function pickUri(places: readonly Place[], number: number): Place {
  const uris = places.filter((each) => {
    const value = at(each);
    return typeof value === 'string' && (/^(?:\/|https?:)/.test(value) || /uri|href|url|id$/i.test(String(each.key)));
  });
  return uris.length === 0 ? pickText(places, number) : pick(uris, number);
}

function contains(value: unknown, wanted: object): boolean {
  if (value === null || typeof value !== 'object') return false;
  return value === wanted || Object.values(value).some((inner) => contains(inner, wanted));
}

function addPrototypeKeys(holder: Place['holder']): void {
  const polluted = { polluted: true };
  put({ holder, key: '__proto__' }, polluted);
  put({ holder, key: 'constructor' }, { prototype: polluted });
  put({ holder, key: 'hasOwnProperty' }, 1);
  put({ holder, key: 'toString' }, null);
}

/** A key that occurs twice, which no serializer writes: the last one counts for JSON.parse. */
function duplicateKey(body: unknown, number: number, value: unknown): string {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return JSON.stringify([body, body]);
  const keys = Object.keys(body);
  const key = keys[number % Math.max(1, keys.length)] ?? 'a';
  const text = JSON.stringify(body);
  return `${text.slice(0, -1)}${keys.length === 0 ? '' : ','}${JSON.stringify(key)}:${JSON.stringify(value)}}`;
}
