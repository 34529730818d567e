import type { Command } from 'commander';
import { ConflictError } from '../../../base/index.ts';
import type { AddCommand } from '../../add-command.ts';
import { escapeHelp, runConsole } from '../../console-session.ts';
import { argument } from '../../usage.ts';
import { server } from './arguments.ts';

export function addConsole(group: Command, add: AddCommand): void {
  add(
    group,
    'console',
    'Open the console of an instance in this terminal. Ctrl-] . leaves it, Ctrl-] ? shows more keys',
    async (context, command) => {
      const { force = false } = command.opts<{ force?: boolean }>();
      const name = argument(command, 0);
      const { terminal } = context.io;
      if (terminal === undefined) {
        throw new ConflictError(
          `cannot open the console of server "${name}": standard input is not a terminal; run the command in one, or read the messages with: dpm console log show ${name}`,
        );
      }
      await context.withManager('read', async (manager, request) => {
        await using connection = await manager.openConsole(name, { force }, request);
        context.progress.end();
        const onReady = () =>
          context.note(`connected to the console of ${name}: press Enter for a prompt; ${escapeHelp}`);
        await runConsole({ terminal, screen: context.io.stdout, connection, onReady, signal: request.signal });
        context.note(`left the console of ${name}`);
      });
    },
  )
    .argument(...server)
    .option('--force', 'take the console over if it is open on another HMC');
}
