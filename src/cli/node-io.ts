import { homedir, hostname } from 'node:os';
import { describeError } from '../base/index.ts';
import { nodeFiles } from '../config/file-access.ts';
import type { CliIo, Sink, Terminal } from './cli-io.ts';
import { backend, startSimulator } from './open.ts';
import { printable } from './printable.ts';
import { openQuestions } from './questions.ts';
import { runCli } from './run.ts';

/** Why the result could not be written. */
let unwritten: Error | undefined;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Returns the I/O of this process. */
export function nodeIo(): CliIo {
  return {
    stdout: sinkOf(process.stdout, (error) => {
      unwritten ??= error;
    }),
    // A lost standard error is ignored: flows have to finish or roll back.
    stderr: sinkOf(process.stderr, () => undefined),
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    hostname: hostname(),
    files: nodeFiles,
    onSignal: (handler) => {
      for (const signal of signals) process.on(signal, handler);
      return () => {
        for (const signal of signals) process.off(signal, handler);
      };
    },
    // Undefined for a file or a pipe, despite its type.
    ...(process.stdin.isTTY && process.stderr.isTTY ? { askSecret: askAtTerminal } : {}),
    ...(process.stdin.isTTY ? { terminal: terminalOf(process.stdin, process.stdout) } : {}),
    openQuestions: () => openQuestions({ input: process.stdin, output: process.stderr }),
    backend: backend({ pid: process.pid, baseDir: process.cwd(), isRoot: process.geteuid?.() === 0 }),
    startSimulator,
  };
}

/** Node restores the mode of a terminal by itself if the process ends before `listen` is undone. */
function terminalOf(input: NodeJS.ReadStream, output: NodeJS.WriteStream): Terminal {
  return {
    // Undefined for a file or a pipe, despite their types.
    size: () => ({ rows: output.rows || 24, columns: output.columns || 80 }),
    listen: ({ onText, onEnd }) => {
      input.setEncoding('utf8').setRawMode(true);
      input.on('data', onText).on('end', onEnd).on('error', onEnd).resume();
      return () => {
        input.off('data', onText).off('end', onEnd).off('error', onEnd).pause();
        input.setRawMode(false);
      };
    },
  };
}

async function askAtTerminal(question: string, signal: AbortSignal): Promise<string> {
  const { askSecret } = await import('./ask-secret.ts');
  return await askSecret({ input: process.stdin, output: process.stderr }, question, signal);
}

/**
 * Makes an uncaught exception end the process with one line. Node's own report would print every property of the error,
 * with data of peers. Unfinished flows are in the journal.
 */
function reportDefects(): void {
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${printable(`dpm: a defect of this program: ${describeError(error)}`)}\n`);
    process.exit(1);
  });
}

/** Wraps a stream so that a full disk or a lost terminal does not end the process in the middle of a flow. */
function sinkOf(stream: NodeJS.WriteStream, onFailure: (error: Error) => void): Sink {
  let isClosed = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    isClosed = true;
    if (error.code !== 'EPIPE') onFailure(error); // EPIPE: the reader left (dpm … | head), which is no failure
  });
  return {
    write: (text) => void stream.write(text),
    // Undefined for a file or a pipe, despite its type.
    isTerminal: stream.isTTY === true, // eslint-disable-line @typescript-eslint/no-unnecessary-boolean-literal-compare
    get columns() {
      return stream.columns;
    },
    get isClosed() {
      return isClosed;
    },
  };
}

/**
 * Waits until all output has left the process, because an exit would truncate a pipe. Reports a failed write on standard
 * error.
 *
 * @returns whether the whole result was written, or its reader left
 */
async function flushed(): Promise<boolean> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => void stream.write('', () => resolve()));
  }
  if (unwritten === undefined) return true;
  process.stderr.write(`${printable(`dpm: the result cannot be written: ${describeError(unwritten)}`)}\n`);
  return false;
}

/** Runs the command line of this process, and ends the process. */
export async function runProcess(): Promise<never> {
  reportDefects();
  const code = await runCli(process.argv.slice(2), nodeIo());
  const isWritten = await flushed();
  process.exit(isWritten || code !== 0 ? code : 1); // a reader would otherwise take an incomplete result as complete
}
