import type { Environment, FileAccess } from '../config/index.ts';
import type { Questions } from './questions.ts';
import type { Backend, startSimulator } from './open.ts';

/** One of the two output streams. */
export interface Sink {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Characters in a line of a terminal, if known. */
  readonly columns?: number | undefined;
}

/** Everything that a command uses of its process. */
export interface CliIo {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Environment;
  readonly cwd: string;
  readonly home: string;
  readonly hostname: string;
  readonly files: FileAccess;
  /** Calls the handler on each SIGINT, SIGTERM and SIGHUP. @returns a function that stops this */
  readonly onSignal: (handler: (signal: string) => void) => () => void;
  /** Asks the user for a secret without showing it; absent without a terminal. */
  readonly askSecret?: (question: string, signal: AbortSignal) => Promise<string>;
  /** Opens the questions to the user, on the terminal or through a pipe. */
  readonly openQuestions: () => Questions;
  readonly backend: Backend;
  readonly startSimulator: typeof startSimulator;
}
