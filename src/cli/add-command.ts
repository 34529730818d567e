import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import type { ExitCode } from './exit-codes.ts';

/** What a command does; an exit code other than 0 may be returned where the result itself is bad news. */
export type Handler = (context: CommandContext, command: Command) => Promise<ExitCode | void>;

/** Runs a handler with a context of its own. */
export type Runner = (handler: Handler, command: Command) => Promise<void>;

/** Adds a command with its handler; options and arguments are read from the command itself. */
export type AddCommand = (parent: Command, usage: string, description: string, handler: Handler) => Command;
