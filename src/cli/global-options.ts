import { Option } from 'commander';
import type { Command } from 'commander';
import type { Sink } from './cli-io.ts';
import { collect, positiveNumber } from './usage.ts';

export const formats = ['table', 'json', 'yaml', 'csv', 'value'] as const;
export type Format = (typeof formats)[number];

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The options that every command takes. Source: interfaces.md section 2. */
export interface GlobalOptions {
  readonly configFile: readonly string[];
  readonly format: Format | undefined;
  readonly column: readonly string[];
  readonly quiet: boolean;
  readonly verbose: number;
  readonly debug: boolean;
  readonly logLevel: LogLevel | undefined;
  readonly logFile: string | undefined;
  /** Seconds for the whole command. */
  readonly timeout: number | undefined;
  readonly progress: boolean;
}

/** Adds the options to the root command. Commander accepts them before and after the names of commands. */
export function addGlobalOptions(program: Command): Command {
  return program
    .option('--config-file <file>', 'settings file; repeatable, later ones win', collect)
    .addOption(new Option('-f, --format <format>', 'table on a terminal, else json').choices(formats))
    .option('-c, --column <column>', 'print only this column; repeatable', collect)
    .option('-q, --quiet', 'errors and results only')
    .option('-v, --verbose', 'log more; -vv still more', (_, before: number | undefined) => (before ?? 0) + 1)
    .option('--debug', 'log everything that helps to find a defect, with stack traces')
    .addOption(new Option('--log-level <level>', 'lowest level to log (default: warn)').choices(logLevels))
    .option('--log-file <file>', 'log to this file, as JSON lines')
    .option('--timeout <seconds>', 'cancel and roll back after this many seconds', positiveNumber)
    .option('--no-progress', 'do not show the steps');
}

export function readGlobalOptions(command: Command): GlobalOptions {
  const {
    configFile = [],
    column = [],
    verbose = 0,
    quiet = false,
    debug = false,
    ...others
  } = command.optsWithGlobals<Partial<GlobalOptions> & Pick<GlobalOptions, 'progress'>>();
  const { format, logLevel, logFile, timeout, progress } = others;
  return { configFile, column, verbose, quiet, debug, format, logLevel, logFile, timeout, progress };
}

/** Returns the log level from `--log-level`, else from `-v`, `--debug`, `--log-file` and `-q`. */
export function logLevelOf(globals: GlobalOptions): LogLevel {
  if (globals.logLevel !== undefined) return globals.logLevel;
  if (globals.debug || globals.verbose > 1) return 'debug';
  if (globals.verbose === 1 || globals.logFile !== undefined) return 'info';
  return globals.quiet ? 'error' : 'warn';
}

export function formatOf(globals: Pick<GlobalOptions, 'format'>, stdout: Sink): Format {
  return globals.format ?? (stdout.isTerminal ? 'table' : 'json');
}
