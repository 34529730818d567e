import type { Command } from 'commander';
import { visibleCommands } from './complete.ts';
import { cinderVolumeColumns, cinderVolumeDetailColumns } from './commands/cinder-volumes.ts';
import { doctorColumns } from './commands/doctor.ts';
import { flowColumns } from './commands/flow.ts';
import { partitionColumns, partitionDetailColumns } from './commands/partition.ts';
import { serverColumns, serverDetailColumns } from './commands/server/detail.ts';
import { serverStatsColumns } from './commands/server/stats.ts';
import { eventColumns } from './commands/server/events.ts';
import { findingColumns } from './commands/verify.ts';

/** What the last word of a command line can be. */
export type Completed =
  | { readonly kind: 'servers' | 'flows' | 'volumes' | 'partitions' }
  | { readonly kind: 'columns'; readonly columns: readonly string[] };

/** Names of arguments. The argument of the flow commands is called `id`. */
const kindOfArgument: Readonly<Record<string, 'servers' | 'flows' | 'volumes' | 'partitions'>> = {
  server: 'servers',
  volume: 'volumes',
  partition: 'partitions',
  id: 'flows',
};

const kindOfOption: Readonly<Record<string, 'servers' | 'volumes' | 'partitions'>> = {
  server: 'servers',
  volume: 'volumes',
  partition: 'partitions',
};

const columnOptions: ReadonlySet<string> = new Set(['column', 'sortColumn']);

const columnsOf: Readonly<Record<string, readonly string[]>> = {
  'server list': serverColumns,
  'server stats': serverStatsColumns,
  'server event list': eventColumns,
  'flow list': flowColumns,
  'partition list': partitionColumns,
  'partition show': partitionDetailColumns,
  'volume list': cinderVolumeColumns,
  'volume show': cinderVolumeDetailColumns,
  doctor: doctorColumns,
  verify: findingColumns,
  ...Object.fromEntries(
    ['show', 'create', 'start', 'stop', 'reboot'].map((verb) => [`server ${verb}`, serverDetailColumns]),
  ),
};

/**
 * Returns what can complete the last word of a command line; undefined if only the shell's own script can.
 *
 * @param words - without the name of the program; the last one may be empty
 */
export function findCompleted(program: Command, words: readonly string[]): Completed | undefined {
  const { command, path, positions, option } = walk(program, words.slice(0, -1));
  if (option !== undefined && columnOptions.has(option)) {
    const columns = columnsOf[path.join(' ')];
    return columns === undefined ? undefined : { kind: 'columns', columns };
  }
  const declared = command.registeredArguments;
  const argument = declared[positions] ?? (declared.at(-1)?.variadic === true ? declared.at(-1) : undefined);
  const kind = option === undefined ? kindOfArgument[argument?.name() ?? ''] : kindOfOption[option];
  return kind === undefined ? undefined : { kind };
}

/** Follows the words to the command, and returns how many arguments it has, and the option that still needs its value. */
function walk(program: Command, words: readonly string[]) {
  let command = program;
  const path: string[] = [];
  let positions = 0;
  let option: string | undefined;
  for (const word of words) {
    if (option !== undefined) option = undefined;
    else if (word.startsWith('-')) {
      const found = [...command.options, ...program.options].find((each) => each.short === word || each.long === word);
      if (found !== undefined && (found.required || found.optional)) option = found.attributeName();
    } else {
      const next = positions === 0 ? visibleCommands(command).find((child) => child.name() === word) : undefined;
      if (next === undefined) positions += 1;
      else {
        command = next;
        path.push(word);
      }
    }
  }
  return { command, path, positions, option };
}
