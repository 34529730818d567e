import { Option } from 'commander';
import type { Command } from 'commander';
import { separated } from './usage.ts';

/** Adds the options of a command that prints a list. Source: OpenStack's cliff, lister.py. */
export function addListOptions(command: Command): Command {
  return command
    .option('--sort-column <column>', 'sort by this column; repeatable, the first counts most', separated)
    .addOption(new Option('--sort-ascending', 'smallest value first (default)').conflicts('sortDescending'))
    .addOption(new Option('--sort-descending', 'largest value first').conflicts('sortAscending'));
}

/** Adds also `--long`, for a list with more columns than a table shows. */
export function addLongListOptions(command: Command): Command {
  return addListOptions(command.option('--long', 'show all columns, also in tables and CSV'));
}
