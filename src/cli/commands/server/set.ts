import type { Command } from 'commander';
import { ConfigError } from '../../../base/index.ts';
import type { AddCommand } from '../../add-command.ts';
import { property } from '../../create-options.ts';
import { argument, nameOrId, propertyKeys } from '../../usage.ts';
import { server } from './arguments.ts';
import { printDetail } from './detail.ts';

interface SetOptions {
  readonly name?: string;
  readonly description?: string;
  readonly property?: Readonly<Record<string, string>>;
}

export function addSet(group: Command, add: AddCommand): void {
  add(group, 'set', 'Change the name, the description or properties of an instance', (context, command) => {
    const { property: properties, ...change } = command.opts<SetOptions>();
    if (properties === undefined && Object.keys(change).length === 0) {
      throw new ConfigError('nothing is to be changed, expected --name, --description or --property', {
        option: '--name',
      });
    }
    requireText(change.description);
    return printDetail(context, 'write', (manager, request) =>
      manager.set(argument(command, 0), { ...change, properties }, request),
    );
  })
    .argument(...server)
    .option('--name <name>', 'new name; the partition keeps its own', nameOrId)
    .option('--description <text>', 'description for people; an empty text removes it')
    .option(
      '--property <property>',
      'KEY=VALUE: extra spec of the flavour, such as dpm:boot_timeout=120; repeatable. docs/resize.md lists them',
      property,
    );
  add(group, 'unset', 'Remove properties of an instance', (context, command) => {
    const { property: unset } = command.opts<{ readonly property: readonly string[] }>();
    return printDetail(context, 'write', (manager, request) => manager.set(argument(command, 0), { unset }, request));
  })
    .argument(...server)
    .requiredOption('--property <key>', 'extra spec to remove; repeatable', propertyKeys);
}

/** Nova's limit for the description of a server. */
const MAX_DESCRIPTION = 255;

function requireText(description = ''): void {
  if (description.length <= MAX_DESCRIPTION && !/\p{Cc}/u.test(description)) return;
  const expected = `up to ${MAX_DESCRIPTION} characters without control characters`;
  throw new ConfigError(`option --description: expected ${expected}`, { option: '--description', expected });
}
