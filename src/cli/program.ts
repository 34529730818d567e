import { Command } from 'commander';
import type { AddCommand, Runner } from './add-command.ts';
import type { CliIo, Sink } from './cli-io.ts';
import { addAdapterCommands } from './commands/adapter.ts';
import { addCompleteCommand } from './commands/complete.ts';
import { addConfigCommands } from './commands/config.ts';
import { addConnectorCommand } from './commands/connector.ts';
import { addConsoleCommands } from './commands/console.ts';
import { addCpcCommands } from './commands/cpc.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addFlowCommands } from './commands/flow.ts';
import { addHypervisorCommands } from './commands/hypervisor.ts';
import { addLocalCommands } from './commands/local.ts';
import { addNetworkCommands } from './commands/network.ts';
import { addPartitionCommands } from './commands/partition.ts';
import { addPathServiceCommand } from './commands/path-service.ts';
import { addServeCommand } from './commands/serve.ts';
import { addServerCommands } from './commands/server.ts';
import { addStorageGroupCommands } from './commands/storage-group.ts';
import { addSimulateCommand } from './commands/simulate.ts';
import { addVolumeCommands } from './commands/volume.ts';
import { addVerifyCommand } from './commands/verify.ts';
import { exitCodes } from './exit-codes.ts';
import { addGlobalOptions } from './global-options.ts';
import { packageVersion } from './package-version.ts';

/**
 * Builds the tree of commands. Nothing is printed or run yet.
 *
 * @param onGroupHelp - called with the help of a group of commands, when the command line ends with the group
 */
export function buildProgram(io: CliIo, run: Runner, onGroupHelp: (help: string) => void = () => undefined): Command {
  const program = addGlobalOptions(new Command('dpm'))
    .description(
      'Instances as partitions of an IBM Z or LinuxONE machine in DPM mode, booted from Fibre Channel volumes of Cinder',
    )
    .version(packageVersion(), '-V, --version')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: io.stdout.write,
      // The caller reports errors, on one line.
      outputError: () => undefined,
      writeErr: onGroupHelp,
      getOutHelpWidth: () => helpWidth(io.stdout),
      getErrHelpWidth: () => helpWidth(io.stdout),
    })
    .exitOverride()
    .addHelpText('after', `${settingsHelp}\n${exitCodeHelp}`);
  const add: AddCommand = (parent, usage, description, handler) => {
    const command = parent.command(usage).description(description).summary(firstWords(description));
    return command.action(() => run(handler, command));
  };
  addServerCommands(program, add);
  addConsoleCommands(program, add);
  addHypervisorCommands(program, add);
  addPartitionCommands(program, add);
  addCpcCommands(program, add);
  addAdapterCommands(program, add);
  addStorageGroupCommands(program, add);
  addNetworkCommands(program, add);
  addConnectorCommand(program, add);
  addVolumeCommands(program, add);
  addLocalCommands(program, add);
  addFlowCommands(program, add);
  addVerifyCommand(program, add);
  addServeCommand(program, add);
  addPathServiceCommand(program, add);
  addDoctorCommand(program, add);
  addSimulateCommand(program, add);
  addConfigCommands(program, add);
  addCompleteCommand(program, add);
  return program;
}

/** Returns the width of the terminal; 80 without a terminal, so that help can be compared and quoted. */
function helpWidth({ isTerminal, columns }: Sink): number {
  return isTerminal ? (columns ?? DEFAULT_WIDTH) : DEFAULT_WIDTH;
}

const DEFAULT_WIDTH = 80;

function firstWords(description: string): string {
  return description.split(/[.;]/)[0] ?? description;
}

const settingsHelp = `
Settings files, the first of:
  every file given with --config-file
  the file named by the variable NOVA_DPM_CONFIG
  ./nova-dpm.conf
  /etc/nova-dpm/nova-dpm.conf

Environment variables:
  NOVA_DPM_CONFIG               settings file
  NOVA_DPM_<SECTION>__<OPTION>  a setting, such as NOVA_DPM_DPM__HMC_PASSWORD;
                                overrides the settings files
  NOVA_DPM_PATH_TOKEN           bearer token of path services
  NOVA_DPM_BOOT_PASSWORD        password of the FTP server to boot from
  OS_*                          credentials for Cinder, such as OS_AUTH_URL;
                                defaults of the options in [cinder]
  NO_COLOR                      no colors in progress`;

const exitCodeHelp = `\nExit codes:\n${Object.entries(exitCodes)
  .map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`)
  .join('\n')}`;
