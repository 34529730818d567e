import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { AddCommand, Runner } from './add-command.ts';
import type { CliIo } from './cli-io.ts';
import { addCompleteCommand } from './commands/complete.ts';
import { addConfigCommands } from './commands/config.ts';
import { addConnectorCommand } from './commands/connector.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addFlowCommands } from './commands/flow.ts';
import { addHypervisorCommands } from './commands/hypervisor.ts';
import { addLocalCommands } from './commands/local.ts';
import { addPartitionCommands } from './commands/partition.ts';
import { addPathServiceCommand } from './commands/path-service.ts';
import { addServerCommands } from './commands/server.ts';
import { addSimulateCommand } from './commands/simulate.ts';
import { addVolumeCommands } from './commands/volume.ts';
import { addVerifyCommand } from './commands/verify.ts';
import { exitCodes } from './exit-codes.ts';
import { addGlobalOptions } from './global-options.ts';

/** Builds the tree of commands. Nothing is printed or run yet. */
export function buildProgram(io: CliIo, run: Runner): Command {
  const program = addGlobalOptions(new Command('dpm'))
    .description(
      'Instances as partitions of an IBM Z or LinuxONE machine in DPM mode, booted from Fibre Channel volumes of Cinder',
    )
    .version(packageVersion(), '-V, --version')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: io.stdout.write,
      // The caller reports errors, on one line.
      writeErr: () => undefined,
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
    })
    .exitOverride()
    .addHelpText('after', exitCodeHelp);
  const add: AddCommand = (parent, usage, description, handler) => {
    const command = parent.command(usage).description(description).summary(firstWords(description));
    return command.action(() => run(handler, command));
  };
  addServerCommands(program, add);
  addHypervisorCommands(program, add);
  addPartitionCommands(program, add);
  addConnectorCommand(program, add);
  addVolumeCommands(program, add);
  addLocalCommands(program, add);
  addFlowCommands(program, add);
  addVerifyCommand(program, add);
  addPathServiceCommand(program, add);
  addDoctorCommand(program, add);
  addSimulateCommand(program, add);
  addConfigCommands(program, add);
  addCompleteCommand(program, add);
  return program;
}

/** Fixed, so that help can be compared and quoted. */
const HELP_WIDTH = 110;

function firstWords(description: string): string {
  return description.split(/[.;]/)[0] ?? description;
}

const exitCodeHelp = `\nExit codes:\n${Object.entries(exitCodes)
  .map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`)
  .join('\n')}`;

/** Returns the version in package.json, which is two levels up in the sources and in the built package. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version; // npm requires a version
}
