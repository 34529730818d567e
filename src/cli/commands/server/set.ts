import type { Command } from 'commander';
import { ConfigError } from '../../../base/index.ts';
import type { AddCommand } from '../../add-command.ts';
import { addBootOptions, readBootFrom } from '../../boot-options.ts';
import { argument } from '../../usage.ts';
import { server } from './arguments.ts';
import { printDetail } from './detail.ts';

export function addSet(group: Command, add: AddCommand): void {
  const set = add(group, 'set', 'Change an instance', async (context, command) => {
    const name = argument(command, 0);
    const bootFrom = await readBootFrom(context, command, 'changed');
    if (bootFrom === undefined) throw new ConfigError('nothing to change: give --boot-from', { option: '--boot-from' });
    await printDetail(context, 'write', async (manager, request) => {
      const changed = await manager.setBoot(name, bootFrom, request);
      if (changed.power_state === 'running') {
        context.note(`server "${changed.name}" boots from the new source at its next start: dpm server reboot ${name}`);
      }
      return changed;
    });
  }).argument(...server);
  addBootOptions(set);
}
