import type { Format } from './global-options.ts';
import type { RunningSimulator } from './open.ts';
import { printable } from './printable.ts';
import type { SimulatorFiles } from './simulator-files.ts';

/** Returns the announcement of running simulators. Its first line begins with `ready`, except in JSON. Source: interfaces.md section 2. */
export function readyMessage(simulator: RunningSimulator, files: SimulatorFiles, format: Format): string {
  if (format === 'table') return messageForPeople(simulator, files);
  const addresses = {
    hmc_url: simulator.hmc.url,
    cinder_url: simulator.cinder.url,
    keystone_url: keystoneOf(simulator) ?? null,
    cpc: simulator.hmc.cpcName,
    config_file: files.configFile ?? null,
    ca_file: files.caFile ?? null,
    hmc_stomp_port: simulator.hmc.broker?.port ?? null,
  };
  const volumes = simulator.volumes.map(({ id, name, size, bootable }) => ({ id, name, size, bootable }));
  if (format === 'json') return `${JSON.stringify({ ready: true, ...addresses, volumes })}\n`;
  const places = Object.entries(addresses).flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`]));
  const named = volumes.map(
    ({ id, name, size, bootable }) => `${name}=${id} (${size} GiB${bootable ? ', bootable' : ''})`,
  );
  return `${printable(`ready ${places.join(' ')} volumes: ${named.join(', ')}`)}\n`;
}

function keystoneOf({ cinder, keystone }: RunningSimulator): string | undefined {
  return cinder.auth === 'keystone' ? keystone.url : undefined;
}

function messageForPeople(simulator: RunningSimulator, { configFile, caFile }: SimulatorFiles): string {
  const facts = [
    ['CPC', simulator.hmc.cpcName],
    ['HMC', simulator.hmc.url],
    ['STOMP port', simulator.hmc.broker?.port.toString()],
    ['Keystone', keystoneOf(simulator)],
    ['Cinder', simulator.cinder.url],
    ['CA file', caFile],
  ].flatMap(([label, value]) => (value === undefined ? [] : [[label ?? '', value]]));
  const volumes = simulator.volumes.map(({ id, name, size, bootable }) => [
    name,
    `${size} GiB`,
    bootable ? 'yes' : 'no',
    id,
  ]);
  const lines = [
    'ready (Ctrl-C stops the simulators)',
    '',
    ...aligned(facts),
    '',
    ...aligned([['Volume', 'Size', 'Bootable', 'ID'], ...volumes]),
    '',
    ...howToUse(configFile),
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

function howToUse(configFile: string | undefined): readonly string[] {
  if (configFile === undefined) return ['For a settings file, start: dpm simulate --write-config sim.conf'];
  return ['In another terminal:', `export NOVA_DPM_CONFIG=${shellWord(configFile)}`];
}

/** Quotes a word for a POSIX shell, if it needs quotes. */
function shellWord(word: string): string {
  return /^[\w./@:+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Pads every column but the last. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, index) => Math.max(known[index] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('  '),
  );
}
