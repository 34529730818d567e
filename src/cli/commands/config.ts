import type { Command } from 'commander';
import { configRows, configSample, configShow } from '../../config/index.ts';
import type { AddCommand } from '../add-command.ts';

const sampleColumns = ['option', 'type', 'required', 'default', 'example', 'expected', 'help'] as const;
const shownColumns = ['option', 'value', 'source'] as const;

/** `dpm config …` */
export function addConfigCommands(program: Command, add: AddCommand): void {
  const group = program.command('config').description('Settings');
  add(
    group,
    'sample',
    'Print a commented settings file with every option; with -f, the same as a table',
    async (context) => {
      // A file is what is wanted of it, on a terminal or in a pipe; the formats are for those who ask.
      if (context.globals.format === undefined) context.io.stdout.write(configSample());
      else context.print({ kind: 'list', rows: configRows(), columns: sampleColumns });
    },
  );
  add(group, 'show', 'Show every setting with its origin; secrets as ***', async (context) => {
    context.checkColumns(shownColumns);
    const rows = configShow(context.settings()).map((row) => ({ ...row }));
    context.print({ kind: 'list', rows, columns: shownColumns });
  });
}
