import pLimit from 'p-limit';
import type { Waiting } from '../base/index.ts';
import { parseAnswer, refusalOf } from './answers.ts';
import { HmcHttpError, isHmcError } from './errors/index.ts';
import { refusesQuery } from './level.ts';
import type { HmcLevel } from './level.ts';
import { withQuery } from './query.ts';
import { propertiesQuery, readOne, rememberRefusal } from './read.ts';
import type { ReadingMany } from './read.ts';
import type { Requester } from './requester.ts';
import { SUBMIT_MAX_BYTES, SUBMIT_MAX_THREADS, submitAnswer } from './wire/aggregation.ts';
import type { SubmitEntry, SubmitResult } from './wire/aggregation.ts';

/**
 * Reads several objects in as few requests as the HMC allows: Submit Requests, in parts under its size limit, or single
 * GETs for a single object and for an HMC without that service.
 *
 * @returns the objects by URI, without those that no longer exist
 */
export async function readMany<T>(
  requester: Requester,
  uris: readonly string[],
  reading: ReadingMany<T>,
  w: Waiting,
): Promise<ReadonlyMap<string, T>> {
  if (uris.length < 2) return await readEach(requester, uris, reading, w);
  const level = await requester.level(reading.what, w);
  if (!level.can('submit')) return await readEach(requester, uris, reading, w);
  try {
    return await readSubmitted(requester, level, uris, reading, w);
  } catch (error) {
    if (!(error instanceof HmcHttpError) || !(error.status === 404 || error.status === 405)) throw error;
    level.cannot('submit');
    return await readEach(requester, uris, reading, w);
  }
}

async function readEach<T>(
  requester: Requester,
  uris: readonly string[],
  reading: ReadingMany<T>,
  w: Waiting,
): Promise<ReadonlyMap<string, T>> {
  const limit = pLimit(SUBMIT_MAX_THREADS);
  const read = async (uri: string): Promise<readonly (readonly [string, T])[]> => {
    try {
      return [[uri, await readOne(requester, { ...reading, uri }, w)]];
    } catch (error) {
      if (isHmcError(error, 404, 1)) return [];
      throw error;
    }
  };
  return new Map((await Promise.all(uris.map((uri) => limit(read, uri)))).flat());
}

async function readSubmitted<T>(
  requester: Requester,
  level: HmcLevel,
  uris: readonly string[],
  reading: ReadingMany<T>,
  w: Waiting,
): Promise<ReadonlyMap<string, T>> {
  const query = propertiesQuery(level, reading);
  const parts = inParts(uris, query);
  const results = await Promise.all(parts.map(async (part) => await submit(requester, part, reading, w)));
  const outcomes = new Map(results.flat().map((result) => [uris[Number(result.id)], result] as const));
  const refused = [...outcomes.values()].map((it) => failureOf(it, reading)).find(refusesQuery);
  if (query !== undefined && refused !== undefined) {
    rememberRefusal(level, reading, refused);
    return await readSubmitted(requester, level, uris, reading, w);
  }
  return await collect(requester, uris, outcomes, reading, w);
}

/** Makes an entry for each URI, with its index as ID, and splits the entries below the size limit. */
function inParts(uris: readonly string[], properties: string | undefined): SubmitEntry[][] {
  const parts: SubmitEntry[][] = [[]];
  let size = 0;
  for (const [index, uri] of uris.entries()) {
    const entry: SubmitEntry = { method: 'GET', uri: withQuery(uri, { properties }), id: String(index) };
    const bytes = Buffer.byteLength(JSON.stringify(entry)) + 1;
    // A tenth is reserved for the text around the entries.
    if (size + bytes > SUBMIT_MAX_BYTES * 0.9) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(entry);
    size += bytes;
  }
  return parts;
}

async function submit(
  requester: Requester,
  requests: readonly SubmitEntry[],
  reading: ReadingMany<unknown>,
  w: Waiting,
): Promise<SubmitResult[]> {
  const call = {
    operation: 'Submit Requests',
    what: `${reading.what} (${requests.length} at once)`,
    kind: 'read', // every entry is a GET
    method: 'POST',
    uri: '/api/services/aggregation/submit',
    body: { threads: SUBMIT_MAX_THREADS, requests },
    answer: submitAnswer,
  } as const;
  return await requester.call(call, w);
}

function failureOf(result: SubmitResult, reading: ReadingMany<unknown>): HmcHttpError | undefined {
  if (result.status < 400) return undefined;
  return new HmcHttpError(reading.what, refusalOf(result, { method: 'GET', uri: result.id }));
}

/** Entries that failed, except for missing objects, are read one by one with the usual retries. */
async function collect<T>(
  requester: Requester,
  uris: readonly string[],
  outcomes: ReadonlyMap<string | undefined, SubmitResult>,
  reading: ReadingMany<T>,
  w: Waiting,
): Promise<ReadonlyMap<string, T>> {
  const read = new Map<string, T>();
  const again: string[] = [];
  for (const uri of uris) {
    const result = outcomes.get(uri);
    if (result?.status === 200) read.set(uri, parseAnswer({ ...reading, uri }, result.body));
    else if (!isHmcError(result && failureOf(result, reading), 404, 1)) again.push(uri);
  }
  const rest = await readEach(requester, again, reading, w);
  return new Map([...read, ...rest]);
}
