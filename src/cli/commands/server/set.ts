import type { Command } from 'commander';
import { ConfigError } from '../../../base/index.ts';
import type { BootFromRequest, ServerDetail } from '../../../compute/index.ts';
import type { RequestContext } from '../../../virt/index.ts';
import type { AddCommand } from '../../add-command.ts';
import { addBootOptions, readBootFrom } from '../../boot-options.ts';
import type { CommandContext } from '../../context.ts';
import { property } from '../../create-options.ts';
import type { Manager } from '../../open.ts';
import { argument, nameOrId, propertyKeys } from '../../usage.ts';
import { server } from './arguments.ts';
import { printDetail } from './detail.ts';

interface SetOptions {
  readonly name?: string;
  readonly description?: string;
  readonly property?: Readonly<Record<string, string>>;
}

export function addSet(group: Command, add: AddCommand): void {
  const set = add(group, 'set', 'Change an instance', async (context, command) => {
    const name = argument(command, 0);
    const { name: newName, description, property: properties } = command.opts<SetOptions>();
    const bootFrom = await readBootFrom(context, command, 'changed');
    const change = { name: newName, description, properties };
    const isChanged = Object.values(change).some((value) => value !== undefined);
    if (!isChanged && bootFrom === undefined) {
      const expected = '--name, --description, --property or --boot-from';
      throw new ConfigError(`nothing to change: give ${expected}`, { option: '--name', expected });
    }
    requireText(description);
    await printDetail(context, 'write', async (manager, request) => {
      if (bootFrom === undefined) return await manager.set(name, change, request);
      if (isChanged) await manager.set(name, change, request);
      return await setBoot(context, manager, newName ?? name, bootFrom, request);
    });
  })
    .argument(...server)
    .option('--name <name>', 'new name; the partition keeps its own', nameOrId)
    .option('--description <text>', 'description for people; an empty text removes it')
    .option(
      '--property <property>',
      'KEY=VALUE: extra spec of the flavour, such as dpm:boot_timeout=120; repeatable. docs/resize.md lists them',
      property,
    );
  addBootOptions(set);
  add(group, 'unset', 'Remove properties of an instance', (context, command) => {
    const { property: unset } = command.opts<{ readonly property: readonly string[] }>();
    return printDetail(context, 'write', (manager, request) => manager.set(argument(command, 0), { unset }, request));
  })
    .argument(...server)
    .requiredOption('--property <key>', 'extra spec to remove; repeatable', propertyKeys);
}

async function setBoot(
  context: CommandContext,
  manager: Manager,
  name: string,
  bootFrom: BootFromRequest,
  request: RequestContext,
): Promise<ServerDetail> {
  const changed = await manager.setBoot(name, bootFrom, request);
  if (changed.power_state === 'running') {
    context.note(`server "${changed.name}" boots from the new source at its next start: dpm server reboot ${name}`);
  }
  return changed;
}

/** Nova's limit for the description of a server. */
const MAX_DESCRIPTION = 255;

function requireText(description = ''): void {
  if (description.length <= MAX_DESCRIPTION && !/\p{Cc}/u.test(description)) return;
  const expected = `up to ${MAX_DESCRIPTION} characters without control characters`;
  throw new ConfigError(`option --description: expected ${expected}`, { option: '--description', expected });
}
