import { InvalidArgumentError } from 'commander';
import { ConfigError } from '../base/index.ts';

/** Collects the values of a repeatable option. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function expected(words: string): InvalidArgumentError {
  return new InvalidArgumentError(`Expected ${words}.`);
}

/** A number of seconds above 0, decimals allowed. */
export function positiveNumber(value: string): number {
  const number = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (number > 0 && number <= MAX_SECONDS) return number;
  throw expected(`a number of seconds above 0, up to ${MAX_SECONDS}`);
}

/** Timers of Node count 2^31 - 1 milliseconds at most; longer ones would fire at once. */
const MAX_SECONDS = 2_147_483;

/** A parser of whole numbers within bounds, both inclusive. */
export function wholeNumber(min: number, max: number, unit = ''): (value: string) => number {
  return (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw expected(`a whole number${unit === '' ? '' : ` of ${unit}`} from ${min} to ${max}`);
  };
}

const MAX_NAME = 255; // Nova's and Cinder's limit for names

/** A name or id: on one line, not empty, not too long. */
export function nameOrId(value: string): string {
  if (value.trim() !== '' && value.length <= MAX_NAME && !/\p{Cc}/u.test(value)) return value;
  throw expected(`a name or id of 1 to ${MAX_NAME} characters without control characters`);
}

/** {@link nameOrId} for an argument that takes several. */
export function namesOrIds(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, nameOrId(value)];
}

/** oslo.config's words for yes and no, in any case. */
export function trueOrFalse(value: string): boolean {
  const word = value.toLowerCase();
  if (['true', '1', 'on', 'yes'].includes(word)) return true;
  if (['false', '0', 'off', 'no'].includes(word)) return false;
  throw expected('True or False');
}

/** A path from the root on. */
export function absolutePath(value: string): string {
  if (value.startsWith('/') && !/\p{Cc}/u.test(value)) return value;
  throw expected('an absolute path');
}

/** The error of a wrong use that the parser of options cannot see. */
export function usageError(option: string, value: string, words: string): ConfigError {
  return new ConfigError(`option ${option} = ${JSON.stringify(value)}: expected ${words}`, {
    option,
    value,
    expected: words,
  });
}
