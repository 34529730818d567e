import type { JsonValue } from '../../base/index.ts';

/** Returns the same JSON with the keys of its objects in snake_case. */
export function toSnakeCase(value: object): Readonly<Record<string, JsonValue>> {
  return convert(value) as Readonly<Record<string, JsonValue>>; // an object stays one
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snakeCase(key), convert(inner)]));
}

function snakeCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
