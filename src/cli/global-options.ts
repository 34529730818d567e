import { Option } from 'commander';
import type { Command } from 'commander';
import type { Sink } from './cli-io.ts';
import { logLevels } from './logging.ts';
import type { LogLevel } from './logging.ts';
import { formats } from './output.ts';
import type { Format } from './output.ts';
import { collect, positiveNumber } from './usage.ts';

/** The options that every command takes. Source: interfaces.md section 2. */
export interface GlobalOptions {
  readonly configFile: readonly string[];
  /** Undefined: table on a terminal, json elsewhere. */
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

/** Adds them to the root command. Commander finds them before and after the names of commands. */
export function addGlobalOptions(program: Command): Command {
  return program
    .addOption(new Option('--config-file <file>', 'settings file; repeatable, later ones win').argParser(collect))
    .addOption(new Option('-f, --format <format>', 'table on a terminal, else json').choices(formats))
    .addOption(new Option('-c, --column <column>', 'print only this column; repeatable').argParser(collect))
    .addOption(new Option('-q, --quiet', 'errors and results only'))
    .addOption(
      new Option('-v, --verbose', 'log more; -vv still more').argParser(
        (_, before: number | undefined) => (before ?? 0) + 1,
      ),
    )
    .addOption(new Option('--debug', 'log everything that helps to find a defect, with stack traces'))
    .addOption(new Option('--log-level <level>', 'warn unless said otherwise').choices(logLevels))
    .addOption(new Option('--log-file <file>', 'log to this file, as JSON lines'))
    .addOption(new Option('--timeout <seconds>', 'give up, and put back, after this time').argParser(positiveNumber))
    .addOption(new Option('--no-progress', 'do not show the steps'));
}

/** The global options as a command got them. */
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

/** The level of the log: said, or by how often `-v` stands there. */
export function logLevelOf(globals: GlobalOptions): LogLevel {
  if (globals.logLevel !== undefined) return globals.logLevel;
  if (globals.debug || globals.verbose > 1) return 'debug';
  if (globals.verbose === 1 || globals.logFile !== undefined) return 'info';
  return globals.quiet ? 'error' : 'warn';
}

/** The format that counts. */
export function formatOf(globals: Pick<GlobalOptions, 'format'>, stdout: Sink): Format {
  return globals.format ?? (stdout.isTerminal ? 'table' : 'json');
}
