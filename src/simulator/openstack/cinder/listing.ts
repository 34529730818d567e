import { ApiFault } from './api-fault.ts';
import type { ApiRequest } from './service.ts';

// cinder/api/common.py: osapi_max_limit.
const MAX_LIMIT = 1000;

interface Listed {
  readonly id: string;
  readonly sequence: number;
}

/** One page of a list, and the address of the next when there is one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/**
 * Sorts and cuts a list as `sort`, `limit`, `marker` and `offset` ask; without `sort` the newest comes first.
 * @param sortKeys - what can be sorted by, with the value to compare
 * @throws {@link ApiFault} 400 for a bad number or sort key, 404 for an unknown marker
 */
export function paginate<T extends Listed>(
  api: ApiRequest,
  items: readonly T[],
  sortKeys: Readonly<Record<string, (item: T) => string | number>>,
  markerFault: (marker: string) => ApiFault,
): Page<T> {
  const { query } = api;
  const sorted = [...items].sort(comparison(query.get('sort'), sortKeys));
  const limit = Math.min(nonNegative(query, 'limit') ?? MAX_LIMIT, MAX_LIMIT);
  const marker = query.get('marker');
  const markedAt = marker === null ? -1 : sorted.findIndex((item) => item.id === marker);
  if (marker !== null && markedAt < 0) throw markerFault(marker);
  const start = markedAt + 1 + (nonNegative(query, 'offset') ?? 0);
  const page = sorted.slice(start, start + limit);
  const last = page.at(-1);
  const isFull = page.length === limit && last !== undefined;
  return { items: page, next: isFull ? nextLink(api, last.id) : undefined };
}

function comparison<T extends Listed>(
  sort: string | null,
  sortKeys: Readonly<Record<string, (item: T) => string | number>>,
): (a: T, b: T) => number {
  const [key = '', direction = 'desc'] = (sort ?? 'created_at:desc').split(':');
  const read = key === 'created_at' ? (item: T) => item.sequence : sortKeys[key];
  if (!read) throw new ApiFault(400, `Invalid input received: Sort key supplied is invalid: ${key}`);
  const sign = direction === 'asc' ? 1 : -1;
  return (a, b) => sign * (compare(read(a), read(b)) || a.sequence - b.sequence);
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : Number(a > b);
}

function nonNegative(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^-?\d+$/.test(text)) throw new ApiFault(400, `${name} param must be an integer`);
  if (Number(text) < 0) throw new ApiFault(400, `${name} param must be positive`);
  return Number(text);
}

function nextLink({ baseUrl, path, query }: ApiRequest, marker: string): string {
  const next = new URLSearchParams(query);
  next.set('marker', marker);
  return `${baseUrl}${path}?${next.toString()}`;
}
