/**
 * Returns a regular expression for exactly this name. The HMC's filters are Java regular expressions that match the whole
 * name. Source: python-zhmcclient docs/general.rst.
 */
export function exactly(name: string): string {
  return name.replaceAll(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`);
}

/** Returns a regular expression for every name with this prefix. */
export function startingWith(prefix: string): string {
  return `${exactly(prefix)}.*`;
}

/** Appends a query. Omits undefined values; does not encode commas, as in the book's examples. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${encodeURIComponent(value).replaceAll('%2C', ',')}`],
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}
