import { pino } from 'pino';

/** The logger that is handed in everywhere; a child per level of meaning. */
export type Logger = Pick<pino.Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error'> & {
  child(bindings: Record<string, unknown>): Logger;
};

/** Says nothing: for tests and for callers of the library that brought no logger. */
export const silentLogger: Logger = pino({ level: 'silent' });
