import { z } from 'zod';
import { Secret } from '../base/index.ts';

/** How the text of a setting is parsed and explained. */
export interface ValueType<T> {
  /** The type's name, for the sample file. */
  readonly type: string;
  /** Parses the text of one value (one element of a list). */
  readonly schema: z.ZodType<T, string>;
  /** Continues "expected …". */
  readonly expected: string;
  /** Values that it refuses, for the tests of every setting. */
  readonly wrong: readonly string[];
  /** An empty value counts as absent: templates of nova.conf often leave one. */
  readonly emptyIsNone?: true;
}

/** One setting: one row of the table in schema.ts. */
export interface Option<T = unknown> extends ValueType<T> {
  readonly help: string;
  /** In its text form. */
  readonly default?: string;
  /** A list in one value, divided by commas. */
  readonly list?: true;
  /** May be given several times; from the environment, divided by commas. */
  readonly multi?: true;
  /** Where the environment divides the values of a multi-valued option whose values contain commas. */
  readonly envSeparator?: RegExp;
  /** Never shown. */
  readonly secret?: true;
  /** Required when the DPM driver is the compute driver. */
  readonly required?: true;
  readonly example?: string;
  /** Other names in Nova or keystoneauth, `name` or `SECTION.name`. */
  readonly aliases?: readonly string[];
}

/** The value of an option: a list, or undefined if it may be absent. */
export type OptionValue<O> = O extends { readonly schema: z.ZodType<infer T, string> }
  ? O extends { readonly list: true } | { readonly multi: true }
    ? readonly T[]
    : O extends { readonly default: string }
      ? T
      : T | undefined
  : never;

/** Creates a type of setting from the function that parses its text; undefined means that the text is not one. */
export function valueType<T>(
  type: string,
  expected: string,
  wrong: readonly string[],
  read: (text: string) => T | undefined,
): ValueType<T> {
  const schema = z.string().transform((text, context): T => {
    const value = read(text.trim());
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', input: text, message: `expected ${expected}` });
    return z.NEVER;
  });
  return { type, expected, wrong, schema };
}

const controlCharacter = /\p{Cc}/u;
const MAX_TEXT = 1024;

/** Any text on one line. */
export const text: ValueType<string> = {
  ...valueType(
    'string',
    `a text on one line, up to ${MAX_TEXT} characters`,
    ['two\nlines', 'x'.repeat(MAX_TEXT + 1)],
    (value) => (controlCharacter.test(value) || value.length > MAX_TEXT ? undefined : value),
  ),
  emptyIsNone: true,
};

/** A secret. Blanks at its ends belong to it. */
export const secretText: ValueType<Secret> = {
  ...text,
  schema: z.string().transform((value, context): Secret => {
    if (text.schema.safeParse(value).success) return new Secret(value);
    context.issues.push({ code: 'custom', input: '', message: `expected ${text.expected}` });
    return z.NEVER;
  }),
};

/** A path; `~` and relative paths are resolved when the settings are composed. */
export const path: ValueType<string> = { ...text, type: 'path', expected: 'a path on one line' };

/** A whole number within inclusive bounds. `unit` is for people. */
export function integer(min: number, max: number, unit = ''): ValueType<number> {
  const upper = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const expected = `a whole number ${upper}${unit === '' ? '' : ` (${unit})`}`;
  const tooLarge = max === Number.MAX_SAFE_INTEGER ? '9007199254740993' : String(max + 1);
  return valueType('integer', expected, ['lots', '1.5', '', '0x200', String(min - 1), tooLarge], (value) => {
    const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
    return Number.isSafeInteger(number) && number >= min && number <= max ? number : undefined;
  });
}

/** The booleans of oslo.config. */
const truths: Readonly<Record<string, boolean>> = {
  ...{ true: true, '1': true, on: true, yes: true },
  ...{ false: false, '0': false, off: false, no: false },
};

export const boolean: ValueType<boolean> = valueType('boolean', 'true or false', ['maybe', '2', ''], (value) =>
  Object.hasOwn(truths, value.toLowerCase()) ? truths[value.toLowerCase()] : undefined,
);

/** One of several words; `synonyms` maps other spellings to them. */
export function choice<const W extends string>(
  words: readonly W[],
  synonyms: Readonly<Record<string, W>> = {},
): ValueType<W> {
  return valueType('string', words.join(', ').replace(/, ([^,]*)$/, ' or $1'), ['other', ''], (value) => {
    const wanted = Object.hasOwn(synonyms, value) ? synonyms[value] : value;
    return words.find((word) => word === wanted);
  });
}
