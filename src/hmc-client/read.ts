import type { z } from 'zod';
import type { Waiting } from '../base/index.ts';
import { refusesQuery } from './level.ts';
import type { Ability, HmcLevel } from './level.ts';
import { withQuery } from './query.ts';
import type { HmcCall, Requester } from './requester.ts';

/** One object to be read, whole or in part. */
export interface Reading<T> {
  readonly operation: string;
  readonly what: string;
  readonly uri: string;
  /** Class of the object, under which refusals of its `properties` are remembered. */
  readonly resource: string;
  /** Names on the wire; undefined asks for everything. */
  readonly properties?: readonly string[] | undefined;
  readonly answer: z.ZodType<T>;
}

/**
 * Reads an object, asking only for the properties wanted where that can help. Old levels ignore the parameter and those
 * between refuse it (400.1), so it is sent from 2.16 (API 4.1) on (inferred: the borders are not public); there too, a
 * class of objects may refuse it, or a name in it (400.14). Then everything is asked for. Source: python-zhmcclient
 * _resource.py, pull_properties.
 */
export async function readOne<T>(requester: Requester, reading: Reading<T>, w: Waiting): Promise<T> {
  const level = await requester.level(reading.what, w);
  const query = propertiesQuery(level, reading);
  if (query === undefined) return await requester.call(toCall(reading, undefined), w);
  try {
    return await requester.call(toCall(reading, query), w);
  } catch (error) {
    if (!refusesQuery(error)) throw error;
    rememberRefusal(level, reading, error);
    return await requester.call(toCall(reading, undefined), w);
  }
}

/** The value of `properties`, or undefined where it is not wanted, of no use, or known to be refused. */
export function propertiesQuery(level: HmcLevel, reading: Omit<Reading<unknown>, 'uri'>): string | undefined {
  const query = reading.properties?.join(',');
  if (query === undefined || !level.isAtLeast(4, 1) || !level.can(anyProperties(reading))) return undefined;
  return level.can(theseProperties(reading)) ? query : undefined;
}

/** 400.1 is about the parameter, 400.14 about the names in it. */
export function rememberRefusal(level: HmcLevel, reading: Omit<Reading<unknown>, 'uri'>, error: unknown): void {
  const isParameter = error instanceof Error && 'reason' in error && error.reason === 1;
  level.cannot(isParameter ? anyProperties(reading) : theseProperties(reading));
}

function anyProperties({ resource }: Pick<Reading<unknown>, 'resource'>): Ability {
  return `properties:${resource}`;
}

function theseProperties({ resource, properties }: Omit<Reading<unknown>, 'uri'>): Ability {
  return `properties:${resource}:${(properties ?? []).join(',')}`;
}

function toCall<T>(reading: Reading<T>, properties: string | undefined): HmcCall<T> {
  const { operation, what, answer } = reading;
  return { operation, what, answer, kind: 'read', method: 'GET', uri: withQuery(reading.uri, { properties }) };
}
