import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';
import { addCreate } from './server/create.ts';
import { addEvents } from './server/events.ts';
import { addDelete } from './server/delete.ts';
import { addList } from './server/list.ts';
import { addPower } from './server/power.ts';
import { addSet } from './server/set.ts';
import { addShow } from './server/show.ts';
import { addVolumes } from './server/volumes.ts';

export function addServerCommands(program: Command, add: AddCommand): void {
  const group = program.command('server').description('Instances and their partitions');
  addCreate(group, add);
  addList(group, add);
  addShow(group, add);
  addDelete(group, add);
  addPower(group, add);
  addSet(group, add);
  addVolumes(group, add);
  addEvents(group, add);
}
