import type { Waiting } from '../../base/index.ts';
import type { Questions } from '../questions.ts';

/** Reads an answer, or says what was expected. */
export type Reader<T> = (answer: string) => { readonly value: T } | { readonly expected: string };

/** Asks until the answer can be used. An empty answer stands for the default. */
export async function askUntil<T>(
  questions: Questions,
  question: string,
  standard: string | undefined,
  read: Reader<T>,
  w: Waiting,
): Promise<T> {
  const prompt = `${question}${standard === undefined ? '' : ` [${standard}]`}: `;
  for (;;) {
    const answer = (await questions.ask(prompt, w.signal)).trim() || (standard ?? '');
    const result = read(answer);
    if ('value' in result) return result.value;
    questions.say(`${JSON.stringify(answer)} cannot be used: expected ${result.expected}`);
  }
}

/** Accepts any text that is not empty. */
export const anyText: Reader<string> = (answer) =>
  answer === '' ? { expected: 'a text that is not empty' } : { value: answer };

/** Accepts any text, also none. */
export const optionalText: Reader<string> = (value) => ({ value });

/** Accepts a whole number within inclusive bounds. */
export function numberUpTo(max: number, unit: string): Reader<number> {
  return (answer) => {
    const number = /^\d+$/.test(answer) ? Number(answer) : Number.NaN;
    return number >= 1 && number <= max ? { value: number } : { expected: `a number of ${unit} from 1 to ${max}` };
  };
}

export const yesOrNo: Reader<boolean> = (answer) => {
  if (/^y(?:es)?$/i.test(answer)) return { value: true };
  return /^no?$/i.test(answer) ? { value: false } : { expected: 'yes or no' };
};

/** A thing to choose, by the number of its line or by one of its names. */
export interface Choice<T> {
  readonly value: T;
  readonly names: readonly string[];
  readonly line: string;
}

/** Shows the choices, each with its number. */
export function showChoices(questions: Questions, title: string, choices: readonly Choice<unknown>[]): void {
  questions.say(title);
  choices.forEach(({ line }, index) => questions.say(`${String(index + 1).padStart(3)}  ${line}`));
}

/** Accepts one of the choices. */
export function oneOf<T>(choices: readonly Choice<T>[]): Reader<T> {
  return (answer) => {
    const found = choices.find(({ names }, index) => answer === String(index + 1) || names.includes(answer));
    return found === undefined
      ? { expected: `a number from 1 to ${choices.length}, or a name` }
      : { value: found.value };
  };
}

/** Accepts several of the choices, separated by commas or blanks, in the order of the answer; or `all`. */
export function severalOf<T>(choices: readonly Choice<T>[], all: readonly T[]): Reader<readonly T[]> {
  const one = oneOf(choices);
  return (answer) => {
    if (answer === 'all') return { value: all };
    const asked = [...new Set(answer.split(/[\s,]+/).filter((word) => word !== ''))];
    const found = asked.map((word) => one(word));
    const values = found.flatMap((each) => ('value' in each ? [each.value] : []));
    if (values.length > 0 && values.length === asked.length) return { value: values };
    return { expected: `numbers from 1 to ${choices.length} separated by commas, or all` };
  };
}
