import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { ConfigError } from '../base/index.ts';

/** Returns an argument; commander guarantees that it is present. */
export function argument(command: Command, index: number): string {
  return String(command.processedArgs[index]);
}

/** Collects the values of a repeatable option. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Collects the values of a repeatable option that may also be a comma list. */
export function separated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(',').map((each) => each.trim())];
}

function expected(words: string): InvalidArgumentError {
  return new InvalidArgumentError(`Expected ${words}.`);
}

/** Parses a number of seconds above 0, with decimals. */
export function positiveNumber(value: string): number {
  const number = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (number > 0 && number <= MAX_SECONDS) return number;
  throw expected(`a number of seconds above 0, up to ${MAX_SECONDS}`);
}

/** Node's timers count at most 2^31 - 1 milliseconds; longer ones fire at once. */
const MAX_SECONDS = 2_147_483;

/** Returns a parser of whole numbers within inclusive bounds. */
export function wholeNumber(min: number, max: number, unit = ''): (value: string) => number {
  return (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw expected(`a whole number${unit === '' ? '' : ` of ${unit}`} from ${min} to ${max}`);
  };
}

const MAX_NAME = 255; // Nova's and Cinder's limit for names

/** Parses a name or ID. */
export function nameOrId(value: string): string {
  if (value.trim() !== '' && value.length <= MAX_NAME && !/\p{Cc}/u.test(value)) return value;
  throw expected(`a name or id of 1 to ${MAX_NAME} characters without control characters`);
}

/** Parses one more of several names or IDs. */
export function namesOrIds(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, nameOrId(value)];
}

/** Parses one more of several keys of properties. */
export function propertyKeys(value: string, before: readonly string[] = []): readonly string[] {
  if (/^[^\s=\p{Cc}]{1,255}$/u.test(value)) return [...before, value];
  throw expected('a key of 1 to 255 characters without blanks and "="');
}

/** Parses a regular expression, as the OpenStack client takes for names. */
export function regularExpression(value: string): RegExp {
  if (value.trim() === '') throw expected('a regular expression');
  try {
    return new RegExp(value, 'u');
  } catch {
    throw expected('a regular expression');
  }
}

/** Returns a parser of one of several words in capitals, given in any case. */
export function choiceOf(words: readonly string[]): (value: string) => string {
  return (value) => {
    const word = value.toUpperCase();
    if (words.includes(word)) return word;
    throw expected(`one of ${words.join(', ')}`);
  };
}

/** Parses oslo.config's words for true and false, in any case. */
export function trueOrFalse(value: string): boolean {
  const word = value.toLowerCase();
  if (['true', '1', 'on', 'yes'].includes(word)) return true;
  if (['false', '0', 'off', 'no'].includes(word)) return false;
  throw expected('True or False');
}

export function absolutePath(value: string): string {
  if (value.startsWith('/') && !/\p{Cc}/u.test(value)) return value;
  throw expected('an absolute path');
}

/** Returns the error for a value that only the command can check. */
export function usageError(option: string, value: string, words: string): ConfigError {
  return new ConfigError(`option ${option} = ${JSON.stringify(value)}: expected ${words}`, {
    option,
    value,
    expected: words,
  });
}
