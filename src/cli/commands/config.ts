import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';
import { addConfigInit } from './config-init.ts';

const sampleColumns = ['option', 'type', 'required', 'default', 'example', 'expected', 'help'] as const;
const shownColumns = ['option', 'value', 'source'] as const;

export function addConfigCommands(program: Command, add: AddCommand): void {
  const group = program.command('config').description('Settings');
  add(
    group,
    'sample',
    'Print a commented settings file with every option; with -f, the same as a table',
    async (context) => {
      const { configRows, configSample } = await import('../../config/index.ts');
      // Without -f the output is a settings file, on a terminal and in a pipe.
      if (context.globals.format === undefined) context.io.stdout.write(configSample());
      else context.print({ kind: 'list', rows: configRows(), columns: sampleColumns });
    },
  );
  addConfigInit(group, add);
  add(group, 'show', 'Show every setting with its origin; secrets as ***', async (context) => {
    const { configShow } = await import('../../config/index.ts');
    await context.printList(shownColumns, async () => configShow(context.settings()));
  });
}
