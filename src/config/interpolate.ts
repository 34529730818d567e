import { isSecretKey } from '../base/index.ts';
import { findGiven } from './layers.ts';
import type { Layers } from './layers.ts';
import { findOption } from './schema.ts';

/** A value with its references resolved, or what was expected of one of them. */
type Interpolated = { readonly value: string } | { readonly expected: string };

/** As in oslo.config: `$name`, `${name}`, `$section.name`, `${section.name}`; `$$` and `\$` are a dollar sign. */
const reference = /\$(?:(?<dollar>\$)|\{(?<braced>[_a-z][._a-z0-9]*)\}|(?<named>[_a-z][._a-z0-9]*))/gi;

const MAX_DEPTH = 10;

function looksSecret(section: string, name: string): boolean {
  return findOption(section, name)?.secret === true || isSecretKey(name) || /passw|secret|token|connection/i.test(name);
}

/**
 * Resolves the references of a value. A reference without a section means the value's own section, then `DEFAULT`.
 *
 * @param secret - whether the value may contain a secret: only then may it refer to one, and messages do not quote it
 */
export function interpolate(layers: Layers, section: string, value: string, secret: boolean, depth = 0): Interpolated {
  let expected: string | undefined;
  const filled = value.replaceAll(/\\\$/g, '$$$$').replaceAll(reference, (whole: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Record<'dollar' | 'braced' | 'named', string | undefined>; // named groups come last
    if (groups.dollar !== undefined) return '$';
    const found = lookUp(layers, section, groups.braced ?? groups.named ?? '', groups.braced === undefined);
    if (found === undefined) {
      expected = `${secret ? 'a $name' : whole} that is set, or $$ for a dollar sign`;
      return whole;
    }
    if (looksSecret(found.section, found.name) && !secret) {
      expected = `no reference to a secret (${whole})`;
      return whole;
    }
    if (depth >= MAX_DEPTH) {
      expected = 'references without a cycle';
      return whole;
    }
    const inner = found.literal ? found : interpolate(layers, found.section, found.value, secret, depth + 1);
    if ('expected' in inner) expected = inner.expected;
    return ('value' in inner ? inner.value : whole) + found.rest;
  });
  return expected === undefined ? { value: filled } : { expected };
}

interface Found {
  readonly section: string;
  readonly name: string;
  readonly value: string;
  /** Only values from files have references. */
  readonly literal: boolean;
  /** What follows the name but does not belong to it, as in `$host.example.com`. */
  readonly rest: string;
}

function lookUp(layers: Layers, section: string, key: string, mayBeLonger: boolean): Found | undefined {
  const dot = key.indexOf('.');
  if (dot < 0) return valueOf(layers, section, key) ?? valueOf(layers, 'DEFAULT', key);
  const [before, after] = [key.slice(0, dot), key.slice(dot + 1)];
  const inSection = valueOf(layers, before, after);
  if (inSection !== undefined || !mayBeLonger) return inSection;
  const shorter = valueOf(layers, section, before) ?? valueOf(layers, 'DEFAULT', before);
  return shorter === undefined ? undefined : { ...shorter, rest: key.slice(dot) };
}

function valueOf(layers: Layers, section: string, name: string): Found | undefined {
  const option = findOption(section, name);
  const given = findGiven(layers, section, name, option)?.at(-1);
  const value = given?.value ?? option?.default;
  return value === undefined ? undefined : { section, name, value, literal: given?.source.kind !== 'file', rest: '' };
}
