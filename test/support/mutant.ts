import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';

/** Text of a module, and its replacement. */
export type Edit = readonly [from: string, to: string];

type Exports = Readonly<Record<string, unknown>>;

/**
 * Loads a module of `src` with some of its text replaced; what it imports is what everybody else imports.
 *
 * @param path - from the root of the repository
 * @throws Error when a text is not there (any more): the mutant would be no mutant
 */
export async function loadMutant(path: string, edits: readonly Edit[]): Promise<Exports> {
  const url = new URL(`../../${path}`, import.meta.url);
  const source = edits.reduce(
    (text, [from, to]) => {
      if (text.split(from).length !== 2) throw new Error(`${path} does not have this text once: ${from}`);
      return text.replace(from, () => to);
    },
    readFileSync(fileURLToPath(url), 'utf8'),
  );
  const imported: Record<string, unknown> = {};
  const statements = [...stripTypeScriptTypes(source).matchAll(/^import \{([^}]*)\} from '([^']+)';$/gm)];
  for (const [, names = '', from = ''] of statements) {
    const module = (await import(fileURLToPath(new URL(from, url)))) as Exports; // a module has names
    for (const name of names.split(',').flatMap((each) => each.trim() || [])) imported[name] = module[name];
  }
  const exported: string[] = [];
  const body = stripTypeScriptTypes(source)
    .replace(/^import \{[^}]*\} from '[^']+';$/gm, '')
    .replace(/^export ((?:async function|function|class|const) (\w+))/gm, (_all, rest: string, name: string) => {
      exported.push(name);
      return rest;
    });
  const code = `'use strict';\n${body}\nreturn { ${exported.join(', ')} };`;
  const make = compileFunction(code, Object.keys(imported));
  return Reflect.apply(make, undefined, Object.values(imported)) as Exports; // as its last line says
}

/** The module with its functions and classes as they are in the mutant, whenever there is one. */
export function mutable<M extends object>(original: M, mutant: () => Exports | undefined): M {
  const entries = Object.entries(original).map(([name, value]: [string, unknown]) => {
    if (typeof value !== 'function') return [name, value] as const;
    const now = () => (mutant()?.[name] ?? value) as new (...args: unknown[]) => object; // or a function
    const replaced = new Proxy(value, {
      apply: (_target, self, args) => Reflect.apply(now(), self, args) as unknown,
      construct: (_target, args: unknown[]) => Reflect.construct(now(), args),
    });
    return [name, replaced] as const;
  });
  return Object.fromEntries(entries) as M; // the same names
}
