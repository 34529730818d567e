import { refuse } from './model/refusal.ts';
import type { Json, Props } from './model/json.ts';

/** How a query parameter is compared: names are regular expressions, all else is exact. */
type FilterKind = 'regex' | 'exact' | 'minimum' | 'maximum';

/** How one query parameter filters. */
interface Filter {
  readonly kind: FilterKind;
  /** Where the parameter has another name than the property. */
  readonly property?: string;
  /** Where only these may be asked for; others are refused with 400.14. */
  readonly values?: readonly string[];
}

/** Filters of a list operation by query parameter. */
export type Filters = Readonly<Record<string, FilterKind | Filter>>;

/**
 * Keeps the items that match the query: values of one parameter are alternatives, several parameters must all match.
 *
 * Strings are Java regular expressions that must match the whole value; null matches only the empty value.
 */
export function applyFilters<T extends Readonly<Props>>(
  items: readonly T[],
  query: URLSearchParams,
  filters: Filters,
): T[] {
  const tests = Object.entries(filters).flatMap(([parameter, filter]) => {
    const {
      kind,
      property = parameter,
      values: allowed,
    }: Filter = typeof filter === 'string' ? { kind: filter } : filter;
    const wanted = query.getAll(parameter);
    const strange = wanted.find((value) => allowed?.includes(value) === false);
    if (strange !== undefined) refuse('queryValueInvalid', `'${strange}' is no value of '${parameter}'`);
    const values = wanted.map((value) => matcher(kind, value));
    return values.length === 0 ? [] : [(item: T) => values.some((test) => test(item[property] ?? null))];
  });
  return items.filter((item) => tests.every((test) => test(item)));
}

function matcher(kind: FilterKind, wanted: string): (value: Json) => boolean {
  if (kind === 'minimum') return (value) => Number(value) >= toNumber(wanted);
  if (kind === 'maximum') return (value) => Number(value) <= toNumber(wanted);
  if (kind === 'exact') return (value) => plain(value) === wanted;
  const pattern = javaRegularExpression(wanted);
  return (value) => typeof value === 'string' && pattern.test(value);
}

/** A scalar as a query spells it; null is the empty text. */
function plain(value: Json): string {
  return typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
}

function toNumber(text: string): number {
  const number = Number(text);
  return text.trim() === '' || Number.isNaN(number) ? refuse('queryValueInvalid', `'${text}' is no number`) : number;
}

/**
 * A Java regular expression as a JavaScript one that matches the whole text. `\Q…\E` quotes; possessive quantifiers become greedy ones, which
 * can only match more.
 */
export function javaRegularExpression(source: string): RegExp {
  const unquoted = source.replaceAll(/\\Q(.*?)(?:\\E|$)/gsu, (_, text: string) =>
    text.replaceAll(/[^\w\s]/gu, String.raw`\$&`),
  );
  const greedy = unquoted.replaceAll(/(?<!\\)([*+?}])\+/gu, '$1');
  try {
    // Without the u flag an escape such as \- is allowed, as it is in Java.
    return new RegExp(`^(?:${greedy})$`);
  } catch {
    return refuse('queryValueInvalid', `'${source}' is no regular expression`);
  }
}
