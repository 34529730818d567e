import { Option } from 'commander';
import type { Command } from 'commander';
import type { ServerSummary } from '../../../compute/index.ts';
import type { AddCommand } from '../../add-command.ts';
import type { CommandContext } from '../../context.ts';
import { addLongListOptions } from '../../list-options.ts';
import { choiceOf, regularExpression } from '../../usage.ts';
import { serverColumns, shownServerColumns } from './detail.ts';

/** Nova's words for the status of a server, as far as the manager uses them. */
const statuses = ['ACTIVE', 'BUILD', 'DELETED', 'ERROR', 'HARD_REBOOT', 'REBOOT', 'SHUTOFF'];

interface Filters {
  readonly name?: RegExp;
  readonly status?: string;
}

interface ListOptions extends Filters {
  readonly watch?: boolean;
}

export function addList(group: Command, add: AddCommand): void {
  const list = add(group, 'list', 'List the instances of this compute host', async (context, command) => {
    const { watch = false, ...filters } = command.opts<ListOptions>();
    if (watch) {
      await watchServers(context, filters);
      return;
    }
    const rows = async () => {
      const all = await context.withManager('read', (manager, request) => manager.list(request));
      return all.filter((server) => isWanted(server, filters));
    };
    await context.printList(serverColumns, rows, { shown: shownServerColumns });
  });
  addLongListOptions(
    list
      .option('--name <regex>', 'only servers whose names match this regular expression', regularExpression)
      .addOption(
        new Option('--status <status>', 'only servers with this status')
          .choices(statuses)
          .argParser(choiceOf(statuses)),
      )
      .option(
        '--watch',
        'print the list again when it changes, until Ctrl-C: at once while dpm serve runs and tells of changes, else within seconds',
      ),
  );
}

async function watchServers(context: CommandContext, filters: Filters): Promise<void> {
  context.checkList(serverColumns);
  const { watchList } = await import('../../watch-list.ts');
  await context.withManager('read', async (manager, request) => {
    using events = await context.io.backend.openServiceEvents(context.settings());
    const read = async () => (await manager.list(request)).filter((server) => isWanted(server, filters));
    const { signal } = request;
    await watchList(context, { columns: serverColumns, shown: shownServerColumns, read, events, signal });
  });
}

function isWanted({ name, status }: ServerSummary, filters: Filters): boolean {
  return (filters.status ?? status) === status && (filters.name?.test(name) ?? true);
}
