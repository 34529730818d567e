import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { ConfigError, describeError } from '../../base/index.ts';
import type { CommandContext } from '../context.ts';
import { formatOf } from '../global-options.ts';
import type { AddCommand } from '../add-command.ts';
import type { SimulateRequest } from '../open.ts';
import { untilAsked } from '../until-asked.ts';
import { wholeNumber } from '../usage.ts';

/** Flaws of the simulated HMC's certificate. */
const hmcCertificates = ['none', 'expired', 'wrong-host', 'self-signed'] as const;

/** Machines that need no definition. */
const machines = ['z13', 'z14', 'z15', 'z16', 'z17'] as const;

interface SimulateOptions {
  readonly machine: string;
  readonly adapters?: number;
  readonly hmcPort?: number;
  readonly stompPort?: number;
  readonly broker: boolean;
  readonly cinderPort?: number;
  readonly keystonePort?: number;
  readonly writeConfig?: string;
  readonly writeIso?: string;
  readonly latency: number;
  readonly seed: number;
  readonly inventory?: string;
  readonly timing: number;
  readonly keep?: string;
  readonly faults?: string;
  readonly tls: boolean;
  readonly hmcCertificate: (typeof hmcCertificates)[number];
  readonly requireWwnns?: boolean;
  readonly auth: 'keystone' | 'noauth';
  readonly microversion?: string;
  readonly shape?: string;
}

const port = wholeNumber(1, 65_535);
const MAX_SEED = 0xffff_ffff;
const MAX_LATENCY_MS = 60_000;
const MAX_ADAPTERS = 64;

export function addSimulateCommand(program: Command, add: AddCommand): void {
  add(program, 'simulate', 'Run simulators of an HMC, a SAN, Keystone and Cinder until interrupted', simulate)
    .option(
      '--machine <machine>',
      `${machines.join(', ')}; or a zhmcclient mock definition (YAML) or DPM export (JSON)`,
      'z13',
    )
    .option('--adapters <n>', 'number of FCP adapters of the machine', wholeNumber(1, MAX_ADAPTERS))
    .option('--hmc-port <n>', 'port of the HMC (default: a free port)', port)
    .option('--stomp-port <n>', 'port of the message broker of the HMC (default: a free port)', port)
    .option('--no-broker', 'no message broker: the HMC sends no notifications')
    .option('--cinder-port <n>', 'port of Cinder (default: a free port)', port)
    .option('--keystone-port <n>', 'port of Keystone (default: a free port)', port)
    .option('--write-config <file>', 'write complete settings for the other commands to this file, mode 0600')
    .option('--write-iso <file>', 'write an ISO image that installs an operating system in the simulator')
    .option('--latency <ms>', 'delay of every answer', wholeNumber(0, MAX_LATENCY_MS, 'milliseconds'), 0)
    .option('--seed <n>', 'seed of all random values', wholeNumber(0, MAX_SEED), 1)
    .option('--inventory <file>', 'volumes, partitions, storage groups and SAN to start with, as YAML')
    .addOption(
      new Option('--timing <speed>', 'instant, realistic, or a factor of the realistic durations, such as 0.1')
        .argParser(timing)
        .default(0, 'instant'),
    )
    .option('--keep <directory>', 'keep the state in this directory, and continue with it at the next start')
    .option('--faults <file>', 'fault rules, as JSON or YAML')
    .addOption(
      new Option('--auth <kind>', 'how Cinder authenticates').choices(['keystone', 'noauth']).default('keystone'),
    )
    .option(
      '--microversion <version>',
      'highest microversion of Cinder, 3.0 to 3.71; below 3.44 it has no attachments API',
      microversion,
    )
    .option('--shape <name>', 'storage array whose form of connection_info Cinder returns')
    .option('--require-wwnns', 'refuse connectors without WWNNs, as many arrays do')
    .option('--no-tls', 'plain HTTP')
    .addOption(
      new Option('--hmc-certificate <flaw>', 'flaw of the certificate of the HMC')
        .choices(hmcCertificates)
        .default('none'),
    );
}

function microversion(value: string): string {
  const minor = /^3\.(\d{1,2})$/.exec(value)?.[1];
  if (minor !== undefined && Number(minor) <= 71) return value;
  throw new InvalidArgumentError('Expected 3.0 to 3.71.');
}

const MAX_FACTOR = 10;

/** Parses the factor of the realistic durations. */
function timing(value: string): number {
  if (value === 'instant') return 0;
  if (value === 'realistic') return 1;
  const factor = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (factor >= 0 && factor <= MAX_FACTOR) return factor;
  throw new InvalidArgumentError(`Expected instant, realistic, or a factor from 0 to ${MAX_FACTOR}.`);
}

async function simulate(context: CommandContext, command: Command): Promise<void> {
  const options = command.opts<SimulateOptions>();
  const { checkWriteConfig, openSimulatorFiles } = await import('../simulator-files.ts');
  const { readyMessage } = await import('../simulator-ready.ts');
  checkWriteConfig(context.io, options.writeConfig);
  const isMachineGiven = command.getOptionValueSource('machine') === 'cli';
  const simulator = await context.io.startSimulator(await toSimulateRequest(options, isMachineGiven, context));
  try {
    using files = openSimulatorFiles(simulator, context.io, options);
    context.io.stdout.write(readyMessage(simulator, files, formatOf(context.globals, context.io.stdout)));
    await untilAsked(context);
  } finally {
    await simulator.close();
  }
}

async function toSimulateRequest(
  options: SimulateOptions,
  isMachineGiven: boolean,
  context: CommandContext,
): Promise<SimulateRequest> {
  const { adapters, hmcPort, stompPort, cinderPort, keystonePort, faults, inventory } = options;
  return {
    ...(options.keep === undefined ? {} : { keep: resolve(context.io.cwd, options.keep) }),
    ...machineOf(options, isMachineGiven, context),
    ...(adapters === undefined ? {} : { adapters }),
    ...(hmcPort === undefined ? {} : { hmcPort }),
    ...(stompPort === undefined ? {} : { stompPort }),
    broker: options.broker,
    ...(cinderPort === undefined ? {} : { cinderPort }),
    ...(keystonePort === undefined ? {} : { keystonePort }),
    tls: options.tls,
    hmcCertificate: options.hmcCertificate,
    seed: options.seed,
    latencyMs: options.latency,
    faults: faults === undefined ? [] : await readYaml('--faults', faults, context),
    inventory: inventory === undefined ? undefined : await readYaml('--inventory', inventory, context),
    timingFactor: options.timing,
    shape: options.shape,
    installerFile: options.writeIso === undefined ? undefined : resolve(context.io.cwd, options.writeIso),
    cinder: {
      auth: options.auth,
      requireWwnns: options.requireWwnns === true,
      ...(options.microversion === undefined ? {} : { maxMicroversion: options.microversion }),
    },
  };
}

/** A kept state continues with its machine, unless the user names one. */
function machineOf({ machine, keep }: SimulateOptions, isGiven: boolean, context: CommandContext) {
  if (keep !== undefined && !isGiven) return {};
  const known = machines.find((name) => name === machine);
  return known === undefined ? { definition: existingFile(machine, context) } : { machine: known };
}

function existingFile(path: string, context: CommandContext): string {
  const info = context.io.files.info(path);
  if (info !== undefined && !info.directory) return path;
  const expected = `${machines.join(', ')} or a file that exists`;
  throw new ConfigError(`option --machine = ${JSON.stringify(path)}: expected ${expected}`);
}

/** Reads the file of an option, which has YAML or JSON. @throws ConfigError */
async function readYaml(option: string, path: string, context: CommandContext): Promise<unknown> {
  const wrong = (words: string, cause?: unknown) =>
    new ConfigError(
      `option ${option} = ${JSON.stringify(path)}: expected ${words}`,
      { option, value: path },
      { cause },
    );
  let text: string | undefined;
  try {
    text = context.io.files.read(path);
  } catch (error) {
    throw wrong('a file that can be read', error);
  }
  if (text === undefined) throw wrong('a file that exists');
  const { parse } = await import('yaml');
  try {
    return parse(text, { maxAliasCount: 100 }) as unknown; // also reads JSON
  } catch (error) {
    throw wrong(`JSON or YAML (${describeError(error)})`);
  }
}
