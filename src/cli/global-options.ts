import { Option } from 'commander';
import type { Command } from 'commander';
import type { Sink } from './cli-io.ts';
import { collect, positiveNumber, separated } from './usage.ts';

export const formats = ['table', 'json', 'yaml', 'csv', 'value', 'shell'] as const;
export type Format = (typeof formats)[number];

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface Sorting {
  /** The first column counts most. */
  readonly columns: readonly string[];
  readonly isDescending: boolean;
}

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
  /** `--long` of a list. */
  readonly long: boolean;
  /** `--sort-column` and its direction, of a list. */
  readonly sort: Sorting;
}

/** Adds the options to the root command. Commander accepts them before and after the names of commands. */
export function addGlobalOptions(program: Command): Command {
  return program
    .option('--config-file <file>', 'settings file; repeatable, later ones win', collect)
    .addOption(new Option('-f, --format <format>', 'table on a terminal, else json').choices(formats))
    .option('-c, --column <column>', 'print only this column; repeatable, or a comma list', separated)
    .option('-q, --quiet', 'errors and results only')
    .option('-v, --verbose', 'log more; -vv still more', (_, before: number | undefined) => (before ?? 0) + 1)
    .option('--debug', 'log everything that helps to find a defect, with stack traces')
    .addOption(new Option('--log-level <level>', 'lowest level to log (default: warn)').choices(logLevels))
    .option('--log-file <file>', 'log to this file, as JSON lines')
    .option('--timeout <seconds>', 'cancel and roll back after this many seconds', positiveNumber)
    .option('--no-progress', 'do not show the steps');
}

/** The options that only commands with a list have. */
interface ListOptions {
  readonly sortColumn?: readonly string[];
  readonly sortDescending?: boolean;
}

export function readGlobalOptions(command: Command): GlobalOptions {
  const {
    configFile = [],
    column = [],
    verbose = 0,
    quiet = false,
    debug = false,
    long = false,
    sortColumn: columns = [],
    sortDescending: isDescending = false,
    ...others
  } = command.optsWithGlobals<Partial<GlobalOptions> & ListOptions & Pick<GlobalOptions, 'progress'>>();
  const { format, logLevel, logFile, timeout, progress } = others;
  const sort = { columns, isDescending };
  return { configFile, column, verbose, quiet, debug, format, logLevel, logFile, timeout, progress, long, sort };
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
