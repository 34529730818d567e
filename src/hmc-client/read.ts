import type { z } from 'zod';
import type { Waiting } from '../base/index.ts';
import { refusesQuery } from './level.ts';
import type { Ability, HmcLevel } from './level.ts';
import { withQuery } from './query.ts';
import type { HmcCall, Requester } from './requester.ts';

/** An object to read, whole or in part. */
export interface Reading<T> {
  readonly operation: string;
  readonly what: string;
  readonly uri: string;
  /** Class of the object; refusals of its `properties` are remembered by class. */
  readonly resource: string;
  /** Wire names; undefined reads everything. */
  readonly properties?: readonly string[] | undefined;
  readonly answer: z.ZodType<T>;
}

/** What to read of each of several objects of one class. */
export type ReadingMany<T> = Omit<Reading<T>, 'uri'>;

/**
 * Reads an object, with only the wanted properties if possible. Older levels ignore the parameter or refuse it (400.1),
 * so it is sent from 2.16 (API 4.1) on (inferred: the exact levels are not public). Newer levels may refuse it for a class
 * of objects, or a name in it (400.14); then all properties are read. Source: python-zhmcclient _resource.py,
 * pull_properties.
 */
export async function readOne<T>(requester: Requester, reading: Reading<T>, w: Waiting): Promise<T> {
  const level = await requester.level(reading.what, w);
  const query = propertiesQuery(level, reading);
  try {
    return await requester.call(toCall(reading, query), w);
  } catch (error) {
    if (query === undefined || !refusesQuery(error)) throw error;
    rememberRefusal(level, reading, error);
    return await requester.call(toCall(reading, undefined), w);
  }
}

/** Returns the value of `properties`, or undefined where it is not wanted, ignored or refused. */
export function propertiesQuery(level: HmcLevel, reading: ReadingMany<unknown>): string | undefined {
  const query = reading.properties?.join(',');
  if (query === undefined || !level.isAtLeast(4, 1) || !level.can(anyProperties(reading))) return undefined;
  return level.can(theseProperties(reading)) ? query : undefined;
}

/** Remembers a refusal: 400.1 concerns the parameter, 400.14 the names in it. */
export function rememberRefusal(level: HmcLevel, reading: ReadingMany<unknown>, error: unknown): void {
  const isParameter = error instanceof Error && 'reason' in error && error.reason === 1;
  level.cannot(isParameter ? anyProperties(reading) : theseProperties(reading));
}

function anyProperties({ resource }: Pick<Reading<unknown>, 'resource'>): Ability {
  return `properties:${resource}`;
}

function theseProperties({ resource, properties }: ReadingMany<unknown>): Ability {
  return `properties:${resource}:${(properties ?? []).join(',')}`;
}

function toCall<T>(reading: Reading<T>, properties: string | undefined): HmcCall<T> {
  const { operation, what, answer } = reading;
  return { operation, what, answer, kind: 'read', method: 'GET', uri: withQuery(reading.uri, { properties }) };
}
