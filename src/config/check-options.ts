import { ConfigError } from '../base/index.ts';
import { nearest } from './nearest.ts';

/** The type that an option of a function must have. */
export type OptionKind =
  'string' | 'number' | 'boolean' | 'object' | 'function' | 'list' | 'string or list' | readonly string[];

/** The type of each option of `T`. */
export type OptionKinds<T> = Readonly<Record<keyof T & string, OptionKind>>;

/**
 * Checks the options object of a public function, for callers without TypeScript.
 *
 * @param of - the function, such as `openManager`
 * @throws ConfigError naming the function, the option, its value, and what was expected
 */
export function checkOptions<T>(of: string, given: unknown, kinds: OptionKinds<T>): asserts given is T {
  if (!isObject(given)) throw wrongOption(of, `expected an object with options, not ${show(given)}`);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(kinds, name)) throw wrongOption(of, unknownOption(name, Object.keys(kinds)));
    const kind = (kinds as Readonly<Record<string, OptionKind>>)[name];
    if (value === undefined || kind === undefined || hasKind(value, kind)) continue;
    throw wrongOption(of, `option ${name} = ${show(value)}: expected ${describeKind(kind)}`);
  }
}

function wrongOption(of: string, words: string): ConfigError {
  return new ConfigError(`${of}: ${words}`);
}

function unknownOption(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `there is no option "${name}"; ${near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${near}?`}`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOfText(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function hasKind(value: unknown, kind: OptionKind): boolean {
  if (typeof kind !== 'string') return typeof value === 'string' && kind.includes(value);
  if (kind === 'list') return Array.isArray(value);
  if (kind === 'string or list') return typeof value === 'string' || isListOfText(value);
  return kind === 'object' ? isObject(value) : typeof value === kind;
}

function describeKind(kind: OptionKind): string {
  if (typeof kind !== 'string') return kind.map((word) => JSON.stringify(word)).join(' or ');
  if (kind === 'string or list') return 'a path or a list of paths';
  return `${kind === 'object' ? 'an' : 'a'} ${kind}`;
}

/** Returns a value for a message. Never shows the contents of an object: it may hold a password. */
function show(value: unknown): string {
  if (value === null || ['undefined', 'number', 'boolean'].includes(typeof value)) return String(value);
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
