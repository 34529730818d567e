import type { Command } from 'commander';
import { ConfigError } from '../../../base/index.ts';
import type { CreateServer } from '../../../compute/index.ts';
import type { AddCommand } from '../../add-command.ts';
import {
  collectNetwork,
  collectVolume,
  completeVolumes,
  numbered,
  property,
  storageGroup,
} from '../../create-options.ts';
import { addBootOptions, readBootFrom } from '../../boot-options.ts';
import { argument, nameOrId, wholeNumber } from '../../usage.ts';
import { printSeveral } from './detail.ts';
import { runOnEach } from './several.ts';

interface CreateOptions {
  readonly vcpus: number;
  readonly memory: number;
  readonly volume?: CreateServer['volumes'];
  readonly network?: CreateServer['networks'];
  readonly storageGroup?: NonNullable<CreateServer['storageGroup']>;
  readonly property?: Readonly<Record<string, string>>;
  readonly start: boolean;
  readonly wait: boolean;
  readonly count: number;
}

export function addCreate(group: Command, add: AddCommand): void {
  const create = add(group, 'create', 'Create an instance and boot it', async (context, command) => {
    const options = command.opts<CreateOptions>();
    const { storageGroup: group, property: properties } = options;
    if (!options.wait) refusePassword(command);
    const bootFrom = await readBootFrom(context, command, 'all');
    const server: CreateServer = {
      name: argument(command, 0),
      vcpus: options.vcpus,
      memoryMib: options.memory,
      volumes: completeVolumes(options.volume, group !== undefined || bootFrom !== undefined),
      ...(options.network === undefined ? {} : { networks: options.network }),
      ...(group === undefined ? {} : { storageGroup: group }),
      ...(bootFrom === undefined ? {} : { bootFrom }),
      ...(properties === undefined ? {} : { properties }),
      start: options.start,
    };
    const begin = options.wait ? 'create' : 'request';
    await printSeveral(
      context,
      numbered(server, options.count),
      async (servers, manager, request) => {
        if (servers.length > 1) await manager.checkCreate(servers, request);
        return await runOnEach('creations', servers, (each) => manager[begin](each, request));
      },
      options.wait ? 'write' : 'read', // a request resumes nothing: the service does
    );
    if (!options.wait)
      context.note(`the running service creates it; to wait for it, run: dpm server wait ${server.name}`);
  })
    .argument('<name>', 'name of the new instance', nameOrId)
    .requiredOption('--vcpus <n>', 'processors', wholeNumber(1, MAX_VCPUS))
    .requiredOption('--memory <mib>', 'memory in MiB', wholeNumber(1, MAX_MEMORY, 'MiB'))
    .option(
      '--volume <volume>',
      'ID[,boot-index=N][,delete-on-termination]: name or ID of a volume; repeatable. The volume with boot index 0 boots; without one, the only bootable volume, else the first',
      collectVolume,
    )
    .option(
      '--storage-group <group>',
      'NAME[,boot-volume=VOLUME]: attach a prepared storage group unchanged; it is booted unless a volume has boot index 0',
      storageGroup,
    )
    .option(
      '--network <network>',
      'NAME[,KEY=VALUE]…: network of the settings; repeatable. Keys, for a fixed address of the guest: address=CIDR, gateway=IP, dns=IP (repeatable), mac=MAC',
      collectNetwork,
    )
    .option(
      '--property <property>',
      'KEY=VALUE: extra spec of the flavour, such as dpm:secure_boot=true or dpm:maximum_memory=16384; repeatable. docs/resize.md lists them',
      property,
    )
    .option('--no-start', 'leave the partition stopped')
    .option('--no-wait', 'only record the request: the running service (dpm serve) creates the server')
    .option(
      '--count <n>',
      'create NAME-1 to NAME-N; every --volume and --storage-group then contains {}, which becomes the number of the server: --volume boot-{}',
      wholeNumber(1, MAX_COUNT),
      1,
    );
  addBootOptions(create);
}

/** Refuses a boot source with a password, which is in no record, before the user is asked for it. */
function refusePassword(command: Command): void {
  const { bootFrom } = command.opts<{ bootFrom?: string }>();
  if (bootFrom !== 'ftp' && bootFrom !== 'ftps' && bootFrom !== 'sftp') return;
  const text = `option --no-wait cannot be used with --boot-from ${bootFrom}: the password of the server is never stored`;
  throw new ConfigError(text, { option: '--no-wait' });
}

/** Above any machine; the limits of the CPC subset are checked later. */
export const MAX_VCPUS = 1000;
const MAX_COUNT = 1000;
export const MAX_MEMORY = 1024 * 1024 * 1024;
