/**
 * A name as a regular expression that matches just this name: the HMC's filters are Java regular expressions that must
 * match in full. Source: python-zhmcclient docs/general.rst.
 */
export function exactly(name: string): string {
  return name.replaceAll(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`);
}

/** Every name that begins so. */
export function startingWith(prefix: string): string {
  return `${exactly(prefix)}.*`;
}

/** Appends a query: undefined values are left out, and commas stay readable, as in the book's examples. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${encode(value)}`],
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

function encode(value: string): string {
  return encodeURIComponent(value).replaceAll('%2C', ',');
}
