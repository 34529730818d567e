import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import type { ExitCode } from './exit-codes.ts';

/** Runs a command. May return an exit code other than 0 for a bad result. */
export type Handler = (context: CommandContext, command: Command) => Promise<ExitCode | void>;

/** Runs a handler with a context of its own. */
export type Runner = (handler: Handler, command: Command) => Promise<void>;

/** Adds a command with its handler, which reads options and arguments from the command. */
export type AddCommand = (parent: Command, usage: string, description: string, handler: Handler) => Command;
