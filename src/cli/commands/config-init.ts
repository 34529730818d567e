import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';
import { nameOrId } from '../usage.ts';

export function addConfigInit(group: Command, add: AddCommand): void {
  const description =
    'Ask for HMC, CPC, FCP ports and Cinder, check the answers, and write a complete settings file; reads answers line by line from a pipe too';
  add(group, 'init', description, async (context, command) => {
    const { output } = command.opts<{ output: string }>();
    const { io, log, waiting } = context;
    const { files, cwd, home, hostname, env } = io;
    const questions = io.openQuestions();
    try {
      const around = { output, questions, files, cwd, home, hostname, env, log };
      context.print({ kind: 'object', object: await io.backend.initConfig(around, waiting) });
    } finally {
      questions.close();
    }
  }).option(
    '--output <file>',
    'settings file to write, mode 0600; an existing one is only overwritten if you agree',
    nameOrId,
    'nova-dpm.conf',
  );
}
