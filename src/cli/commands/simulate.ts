import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { ConfigError, describeError } from '../../base/index.ts';
import type { CommandContext } from '../context.ts';
import { formatOf } from '../global-options.ts';
import { printable } from '../printable.ts';
import type { AddCommand } from '../add-command.ts';
import type { RunningSimulator, SimulateRequest } from '../open.ts';
import type { SimulatorFiles } from '../simulator-files.ts';
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
  readonly cinderPort?: number;
  readonly keystonePort?: number;
  readonly writeConfig?: string;
  readonly latency: number;
  readonly seed: number;
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
    .option('--cinder-port <n>', 'port of Cinder (default: a free port)', port)
    .option('--keystone-port <n>', 'port of Keystone (default: a free port)', port)
    .option('--write-config <file>', 'write complete settings for the other commands to this file, mode 0600')
    .option('--latency <ms>', 'delay of every answer', wholeNumber(0, MAX_LATENCY_MS, 'milliseconds'), 0)
    .option('--seed <n>', 'seed of all random values', wholeNumber(0, MAX_SEED), 1)
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

async function simulate(context: CommandContext, command: Command): Promise<void> {
  const options = command.opts<SimulateOptions>();
  const { openSimulatorFiles } = await import('../simulator-files.ts');
  const simulator = await context.io.startSimulator(await toSimulateRequest(options, context));
  try {
    using files = openSimulatorFiles(simulator, context.io, options.writeConfig);
    context.io.stdout.write(readyLine(simulator, files, formatOf(context.globals, context.io.stdout) === 'json'));
    await untilAsked(context);
  } finally {
    await simulator.close();
  }
}

async function toSimulateRequest(options: SimulateOptions, context: CommandContext): Promise<SimulateRequest> {
  const { adapters, hmcPort, cinderPort, keystonePort, faults } = options;
  const machine = machines.find((known) => known === options.machine);
  return {
    ...(machine === undefined ? { definition: existingFile(options.machine, context) } : { machine }),
    ...(adapters === undefined ? {} : { adapters }),
    ...(hmcPort === undefined ? {} : { hmcPort }),
    ...(cinderPort === undefined ? {} : { cinderPort }),
    ...(keystonePort === undefined ? {} : { keystonePort }),
    tls: options.tls,
    hmcCertificate: options.hmcCertificate,
    seed: options.seed,
    latencyMs: options.latency,
    faults: faults === undefined ? [] : await readFaults(faults, context),
    shape: options.shape,
    cinder: {
      auth: options.auth,
      requireWwnns: options.requireWwnns === true,
      ...(options.microversion === undefined ? {} : { maxMicroversion: options.microversion }),
    },
  };
}

function existingFile(path: string, context: CommandContext): string {
  const info = context.io.files.info(path);
  if (info !== undefined && !info.directory) return path;
  throw new ConfigError(
    `option --machine = ${JSON.stringify(path)}: expected ${machines.join(', ')} or a file that exists`,
  );
}

async function readFaults(path: string, context: CommandContext): Promise<unknown> {
  const wrong = (words: string, cause?: unknown) =>
    new ConfigError(
      `option --faults = ${JSON.stringify(path)}: expected ${words}`,
      { option: '--faults', value: path },
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

/** Returns the line that announces the running simulators. Source: interfaces.md section 2. */
function readyLine(simulator: RunningSimulator, files: SimulatorFiles, asJson: boolean): string {
  const addresses = {
    hmc_url: simulator.hmc.url,
    cinder_url: simulator.cinder.url,
    keystone_url: simulator.cinder.auth === 'keystone' ? simulator.keystone.url : null,
    cpc: simulator.hmc.cpcName,
    config_file: files.configFile ?? null,
    ca_file: files.caFile ?? null,
  };
  const volumes = simulator.volumes.map(({ id, name, size, bootable }) => ({ id, name, size, bootable }));
  if (asJson) return `${JSON.stringify({ ready: true, ...addresses, volumes })}\n`;
  const places = Object.entries(addresses).flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`]));
  const named = volumes.map(
    ({ id, name, size, bootable }) => `${name}=${id} (${size} GiB${bootable ? ', bootable' : ''})`,
  );
  return `${printable(`ready ${places.join(' ')} volumes: ${named.join(', ')}`)}\n`;
}
