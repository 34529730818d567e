import { homedir, hostname } from 'node:os';
import { describeError } from '../base/index.ts';
import { nodeFiles } from '../config/index.ts';
import { askSecret } from './ask-secret.ts';
import type { CliIo, Sink } from './cli-io.ts';
import { backend, startSimulator } from './open.ts';
import { printable } from './printable.ts';

/** Why the result could not be written; undefined where it could. */
let unwritten: Error | undefined;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The process as the commands see it. */
export function nodeIo(): CliIo {
  return {
    stdout: sinkOf(process.stdout, (error) => {
      unwritten ??= error;
    }),
    // Nobody is left to be told; and what was begun has to go on, or back, whoever reads along.
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
    // A type says that there always is a terminal; a file or a pipe says undefined.
    ...(process.stdin.isTTY && process.stderr.isTTY ? { askSecret: askAtTerminal } : {}),
    backend: backend({ pid: process.pid, baseDir: process.cwd(), isRoot: process.geteuid?.() === 0 }),
    startSimulator,
  };
}

async function askAtTerminal(question: string, signal: AbortSignal): Promise<string> {
  return await askSecret({ input: process.stdin, output: process.stderr }, question, signal);
}

/**
 * An exception that nobody caught ends the process with one line, not with Node's report: that would print every property
 * of the error, and whatever a peer put there. What was begun is in the journal.
 */
export function reportDefects(): void {
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${printable(`dpm: a defect of this program: ${describeError(error)}`)}\n`);
    process.exit(1);
  });
}

/** A full disk, or a terminal that is gone, must not end the process in the middle: what was begun goes on to its end. */
function sinkOf(stream: NodeJS.WriteStream, onFailure: (error: Error) => void): Sink {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') onFailure(error); // a reader that left (dpm … | head) is no failure of the command
  });
  return {
    write: (text) => {
      stream.write(text);
    },
    // A file or a pipe says undefined here, whatever the type says.
    isTerminal: stream.isTTY === true, // eslint-disable-line @typescript-eslint/no-unnecessary-boolean-literal-compare
    get columns() {
      return stream.columns;
    },
  };
}

/**
 * Resolves once everything written has left the process: an exit would cut a pipe short. A result that could not be
 * written is said on standard error.
 *
 * @returns whether all of the result has been written, as far as somebody wanted it
 */
export async function flushed(): Promise<boolean> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => {
      stream.write('', () => {
        resolve();
      });
    });
  }
  if (unwritten === undefined) return true;
  process.stderr.write(`${printable(`dpm: the result cannot be written: ${describeError(unwritten)}`)}\n`);
  return false;
}
