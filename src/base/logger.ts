import { pino } from 'pino';

/** The methods of a pino logger that this package uses. */
export type Logger = Pick<pino.Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error'> & {
  child(bindings: Record<string, unknown>): Logger;
};

/** Discards everything: for tests, and for callers of the library without a logger. */
export const silentLogger: Logger = pino({ level: 'silent' });
