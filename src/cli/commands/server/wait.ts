import type { Command } from 'commander';
import type { AddCommand } from '../../add-command.ts';
import { argument } from '../../usage.ts';
import { server } from './arguments.ts';

const columns = ['id', 'name', 'status', 'task_state', 'power_state', 'host', 'created_at'] as const;

export function addWait(group: Command, add: AddCommand): void {
  const description =
    'Wait until no operation on an instance is running, for at most --timeout seconds. Fails if the instance is then in status ERROR';
  add(group, 'wait', description, async (context, command) => {
    context.checkColumns(columns);
    const { waiting, io } = context;
    const onNote = (text: string) => context.note(text);
    const settings = context.settingsWithoutHmc();
    const object = await io.backend.waitForServer(settings, argument(command, 0), { ...waiting, onNote });
    context.print({ kind: 'object', object, columns });
  }).argument(...server);
}
