import { resolve } from 'node:path';
import type { Command } from 'commander';
import { ConfigError } from '../../../base/index.ts';
import type { RescueFrom } from '../../../compute/index.ts';
import type { AddCommand } from '../../add-command.ts';
import type { CommandContext } from '../../context.ts';
import { argument, nameOrId, usageError } from '../../usage.ts';
import { server } from './arguments.ts';
import { printDetail } from './detail.ts';

export function addRescue(group: Command, add: AddCommand): void {
  add(
    group,
    'rescue',
    'Boot an instance from another volume or an ISO image, for a repair',
    async (context, command) => {
      const from = rescueFrom(context, command);
      await printDetail(context, 'write', (manager, request) => manager.rescue(argument(command, 0), from, request));
    },
  )
    .argument(...server)
    .option('--volume <volume>', 'name or ID of a free volume with a rescue system, attached for the rescue', nameOrId)
    .option('--iso <file>', 'an ISO image on this host, which is uploaded to the HMC')
    .option('--iso-ins <path>', 'path of the INS file in the image (default: the only one in its root directory)');
  add(group, 'unrescue', 'Boot a rescued instance from its own volume again', (context, command) =>
    printDetail(context, 'write', (manager, request) => manager.unrescue(argument(command, 0), request)),
  ).argument(...server);
  add(group, 'rebuild', 'Give an instance a new boot volume, and detach the old one', (context, command) => {
    const { volume } = command.opts<{ volume: string }>();
    return printDetail(context, 'write', (manager, request) => manager.rebuild(argument(command, 0), volume, request));
  })
    .argument(...server)
    .requiredOption('--volume <volume>', 'name or ID of the new boot volume', nameOrId);
  add(group, 'dump', 'Take a dump of the operating system of an instance', (context, command) => {
    const { volume } = command.opts<{ volume?: string }>();
    return printDetail(context, 'write', (manager, request) => manager.dump(argument(command, 0), { volume }, request));
  })
    .argument(...server)
    .option(
      '--volume <volume>',
      'name or ID of an attached volume with a dump program; without one, a PSW restart does what the guest was configured for',
      nameOrId,
    );
}

function rescueFrom({ io }: CommandContext, command: Command): RescueFrom {
  const { volume, iso, isoIns: insFile } = command.opts<{ volume?: string; iso?: string; isoIns?: string }>();
  if (insFile !== undefined && iso === undefined) throw usageError('--iso-ins', insFile, '--iso FILE');
  if (volume !== undefined && iso !== undefined) throw usageError('--iso', iso, 'either --volume or --iso');
  if (volume !== undefined) return { volume };
  if (iso !== undefined) {
    const image = resolve(io.cwd, iso);
    if (io.files.info(image)?.directory !== false) throw usageError('--iso', iso, 'a file that exists');
    return { image, insFile };
  }
  throw new ConfigError('a rescue needs --volume VOLUME or --iso FILE', { option: '--volume' });
}
