import type { Route } from './types.ts';

/** A route that takes a path, with the values of its variable parts. */
export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Compiled {
  readonly route: Route;
  readonly pattern: RegExp;
}

/** Finds routes by method and path; the first that fits wins. */
export class Router {
  readonly #compiled: readonly Compiled[];

  constructor(routes: readonly Route[]) {
    this.#compiled = routes.map((route) => ({ route, pattern: compile(route.path) }));
  }

  /** The route for this request; `undefined` when there is none for this method. */
  find(method: string, path: string): RouteMatch | undefined {
    for (const { route, pattern } of this.#compiled) {
      const found = route.method === method ? pattern.exec(path) : null;
      if (found !== null) return { route, params: decodeAll(found.groups ?? {}) };
    }
    return undefined;
  }

  /** The methods that this path takes: a server answers 405 rather than 404 when there are others. */
  methodsOf(path: string): string[] {
    return this.#compiled.filter(({ pattern }) => pattern.test(path)).map(({ route }) => route.method);
  }
}

function compile(path: string): RegExp {
  const source = path
    .replaceAll(/[.+*?^$()[\]{}|\\]/gu, String.raw`\$&`)
    .replaceAll(/:(\w+)/gu, (_, name: string) => `(?<${name}>[^/]+)`);
  return new RegExp(`^${source}$`, 'u');
}

function decodeAll(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decode(value)]));
}

/** A percent sign that starts no escape stays as it is: such an id is unknown, not a crash. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
