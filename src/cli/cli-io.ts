import type { Environment, FileAccess } from '../config/index.ts';
import type { Backend, startSimulator } from './open.ts';

/** One of the two output streams. */
export interface Sink {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Characters in a line, where a terminal tells. */
  readonly columns?: number | undefined;
}

/** Everything a command has of the process in which it runs; a test gives it its own. */
export interface CliIo {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Environment;
  readonly cwd: string;
  readonly home: string;
  readonly hostname: string;
  readonly files: FileAccess;
  /** Calls back on each SIGINT, SIGTERM and SIGHUP, until the function that it returns is called. */
  readonly onSignal: (handler: (signal: string) => void) => () => void;
  /** Asks a person for a secret without showing it; absent where nobody can be asked. */
  readonly askSecret?: (question: string, signal: AbortSignal) => Promise<string>;
  readonly backend: Backend;
  readonly startSimulator: typeof startSimulator;
}
