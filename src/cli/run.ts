import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { CommanderError } from 'commander';
import { blankKnownSecrets, ConfigError } from '../base/index.ts';
import type { Handler } from './add-command.ts';
import type { CliIo } from './cli-io.ts';
import { exitCodeOf } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { failureLine, toFailure } from './failure.ts';
import { formatOf, formats } from './global-options.ts';
import type { Format } from './global-options.ts';
import { buildProgram } from './program.ts';
import { wrapFor } from './wrap.ts';

/**
 * Runs one command line and returns its exit code. Never throws. Results go to standard output; failures too with
 * `-f json`.
 *
 * @param argv - without the names of interpreter and program
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const requestId = newRequestId();
  let ended: ExitCode = 0;
  const run = async (handler: Handler, command: Command): Promise<void> => {
    // Loads settings, log and output: help and usage errors need none of them.
    const { CommandContext } = await import('./context.ts');
    using context = new CommandContext(io, command, requestId);
    try {
      ended = (await handler(context, command)) ?? 0;
    } catch (error) {
      hint = context.adviceOn(error);
      throw error;
    }
  };
  let groupHelp = '';
  let hint: string | undefined;
  const program = buildProgram(io, run, (help) => (groupHelp += help));
  try {
    await program.parseAsync(withOurSpelling(argv), { from: 'user' });
    return ended;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const thrown = error instanceof CommanderError ? usage(error) : error;
    return report(thrown, { argv, io, program, requestId, groupHelp, hint });
  }
}

/** Returns a new request ID in Nova's form. */
function newRequestId(): string {
  return `req-${randomUUID()}`;
}

/** The brick client's names of options. Source: python-brick-cinderclient-ext. */
const brickNames: Readonly<Record<string, string>> = { '--attachment-uuid': '--attachment-id' };

/** Also accepts options with underscores, as older OpenStack clients spell them. Values are unchanged. */
function withOurSpelling(argv: readonly string[]): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  return argv.map((word, index) => {
    const [, name = '', rest = ''] = /^(--[a-z]+(?:[_-][a-z]+)+)(=.*)?$/s.exec(index < end ? word : '') ?? [];
    const ours = name.replaceAll('_', '-');
    return name === '' ? word : `${brickNames[ours] ?? ours}${rest}`;
  });
}

/** Converts commander's message about a usage error to one line. */
function usage(error: CommanderError): ConfigError {
  const isHelp = error.code === 'commander.help';
  const message = isHelp ? 'a command is missing: expected one of the commands that -h lists' : error.message;
  return new ConfigError(message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' '));
}

interface Ended {
  readonly argv: readonly string[];
  readonly io: CliIo;
  readonly program: Command;
  readonly requestId: string;
  /** The help of a group of commands, when a command of the group is missing. */
  readonly groupHelp: string;
  /** Advice that the command has because of its settings. */
  readonly hint: string | undefined;
}

/** Indent of the second line of an error, which begins with `dpm: `. */
const HANGING = 5;

function report(error: unknown, { argv, io, program, requestId, groupHelp, hint }: Ended): ExitCode {
  const failure = toFailure(error, requestId, hint);
  const asked = askedFormat(argv);
  const format = asked ?? formatOf({ format: undefined }, io.stdout);
  if (groupHelp !== '' && asked === undefined) io.stdout.write(groupHelp);
  else if (format === 'json') io.stdout.write(blankKnownSecrets(`${JSON.stringify({ error: failure })}\n`));
  io.stderr.write(wrapFor(io.stderr, failureLine(failure), HANGING));
  const debug = program.opts<{ debug?: boolean }>().debug === true;
  if (debug && error instanceof Error) io.stderr.write(blankKnownSecrets(`${error.stack ?? ''}\n`));
  return exitCodeOf(error);
}

/** Returns the requested format, even when the rest of the line is invalid. */
function askedFormat(argv: readonly string[]): Format | undefined {
  let asked: string | undefined;
  argv.forEach((word, index) => {
    if (word === '-f' || word === '--format') asked = argv[index + 1];
    else asked = /^(?:--format=|-f)(.+)$/.exec(word)?.[1] ?? asked;
  });
  return formats.find((format) => format === asked);
}
