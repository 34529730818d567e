import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';
import { addCreate } from './server/create.ts';
import { addConsole } from './server/console.ts';
import { addEvents } from './server/events.ts';
import { addDelete } from './server/delete.ts';
import { addList } from './server/list.ts';
import { addPower } from './server/power.ts';
import { addRescue } from './server/rescue.ts';
import { addResize } from './server/resize.ts';
import { addSet } from './server/set.ts';
import { addShow } from './server/show.ts';
import { addNetworks } from './server/networks.ts';
import { addStats } from './server/stats.ts';
import { addVolumes } from './server/volumes.ts';
import { addWait } from './server/wait.ts';

export function addServerCommands(program: Command, add: AddCommand): void {
  const group = program.command('server').description('Instances and their partitions');
  addCreate(group, add);
  addList(group, add);
  addShow(group, add);
  addWait(group, add);
  addDelete(group, add);
  addPower(group, add);
  addResize(group, add);
  addSet(group, add);
  addRescue(group, add);
  const adding = group.command('add').description('Attach something to an instance');
  const removing = group.command('remove').description('Detach something from an instance');
  addVolumes(adding, removing, add);
  addNetworks(adding, removing, add);
  addConsole(group, add);
  addStats(group, add);
  addEvents(group, add);
}
