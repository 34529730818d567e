import type { Environment, FileAccess } from '../config/index.ts';
import type { Questions } from './questions.ts';
import type { Backend, startSimulator } from './open.ts';

/** One of the two output streams. */
export interface Sink {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Characters in a line of a terminal, if known. */
  readonly columns?: number | undefined;
  /** Whether its reader has left: `dpm … | head`. */
  readonly isClosed?: boolean;
}

/** Standard input, where it is a terminal. */
export interface Terminal {
  readonly size: () => { readonly rows: number; readonly columns: number };
  /**
   * Passes on every key as it is typed, without echo and without signals for Ctrl-C or Ctrl-Z (raw mode).
   *
   * @returns a function that restores the terminal
   */
  readonly listen: (handlers: { readonly onText: (text: string) => void; readonly onEnd: () => void }) => () => void;
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
  /** Absent if standard input is no terminal. */
  readonly terminal?: Terminal;
  /** Asks the user for a secret without showing it; absent without a terminal. */
  readonly askSecret?: (question: string, signal: AbortSignal) => Promise<string>;
  /** Opens the questions to the user, on the terminal or through a pipe. */
  readonly openQuestions: () => Questions;
  readonly backend: Backend;
  readonly startSimulator: typeof startSimulator;
}
