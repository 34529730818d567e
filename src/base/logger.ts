import { pino } from 'pino';

export type Logger = Pick<pino.Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error'> & {
  child(bindings: Record<string, unknown>): Logger;
};

/** Discards everything: for tests, and for callers of the library without a logger. */
export const silentLogger: Logger = pino({ level: 'silent' });
