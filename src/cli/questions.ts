import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { ConfigError, InterruptedError } from '../base/index.ts';
import { askSecret } from './ask-secret.ts';

/** Asks the user, on a terminal or line by line through a pipe. */
export interface Questions {
  /** Prints a line on standard error. */
  readonly say: (text: string) => void;
  /** @throws ConfigError when the input ends, InterruptedError at Ctrl-C */
  readonly ask: (question: string, signal: AbortSignal) => Promise<string>;
  /** Asks without showing the answer. */
  readonly askSecret: (question: string, signal: AbortSignal) => Promise<string>;
  readonly close: () => void;
}

interface Streams {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: { readonly write: (text: string) => unknown };
}

/** Opens the questions. Through a pipe, each answer is one line of the input. */
export function openQuestions({ input, output }: Streams): Questions {
  const say = (text: string) => void output.write(`${text}\n`);
  if (input.isTTY === true) {
    return {
      say,
      ask: (question, signal) => askAtTerminal(input, question, signal),
      askSecret: (question, signal) => askSecret({ input, output }, question, signal),
      close: () => undefined,
    };
  }
  // One reader for all answers: another one would lose the lines that have been read ahead.
  const lines = createInterface({ input, crlfDelay: Infinity });
  const answers = lines[Symbol.asyncIterator]();
  const ask = async (question: string, signal: AbortSignal): Promise<string> => {
    signal.throwIfAborted();
    say(question.trimEnd());
    const answer = await unlessAborted(answers.next(), signal);
    if (answer.done !== true) return answer.value;
    throw ended(question);
  };
  return { say, ask, askSecret: ask, close: () => lines.close() };
}

function ended(question: string): ConfigError {
  const asked = question.trim().replace(/:$/, '');
  return new ConfigError(`the input ended at the question "${asked}": expected an answer on a line of its own`);
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason as Error); // of ours, always an error
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

async function askAtTerminal(input: Readable, question: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const terminal = createInterface({ input, output: process.stderr, terminal: true, historySize: 0 });
  try {
    return await new Promise<string>((resolve, reject) => {
      terminal.once('SIGINT', () => reject(new InterruptedError('interrupted by SIGINT', { signal: 'SIGINT' })));
      terminal.once('close', () => reject(ended(question)));
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }); // of ours, always an error
      terminal.question(question, resolve);
    });
  } finally {
    terminal.close();
  }
}
