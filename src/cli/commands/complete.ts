import { Argument } from 'commander';
import type { Command } from 'commander';
import { completionScript, shells } from '../complete.ts';
import type { Shell } from '../complete.ts';
import type { AddCommand } from '../add-command.ts';

export function addCompleteCommand(program: Command, add: AddCommand): void {
  add(program, 'complete', 'Print the completion of this command for a shell', async (context, command) => {
    const shell = command.processedArgs[0] as Shell; // one of the choices
    context.io.stdout.write(completionScript(program, shell));
  })
    .addArgument(new Argument('<shell>', 'the shell').choices([...shells]))
    .addHelpText('after', '\nFor bash: source <(dpm complete bash)\nFor fish: dpm complete fish | source');
}
