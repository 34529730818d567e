/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Properties of an HMC resource by their names on the wire. */
export type Props = Record<string, Json>;

/** Whether the value is a JSON object (not an array, not null). */
export function isObject(value: unknown): value is Props {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The property as text; empty when it is something else. */
export function textOf(props: Readonly<Props>, name: string): string {
  const value = props[name];
  return typeof value === 'string' ? value : '';
}

/** The property as number; 0 when it is something else. */
export function numberOf(props: Readonly<Props>, name: string): number {
  const value = props[name];
  return typeof value === 'number' ? value : 0;
}

/** Whether the property is `true`. */
export function isTrue(props: Readonly<Props>, name: string): boolean {
  return props[name] === true;
}

/** The texts of an array property; empty when it is something else. */
export function textsOf(props: Readonly<Props>, name: string): string[] {
  const value = props[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The objects of an array property; empty when it is something else. */
export function objectsOf(props: Readonly<Props>, name: string): Props[] {
  const value = props[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A copy with the keys in order, all the way down: equal states print equally. */
export function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]));
}
