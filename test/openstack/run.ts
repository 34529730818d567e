/*
 * npm run test:openstack: starts real Keystone, Placement, RabbitMQ, Glance, Cinder and Nova from Debian's packages, and
 * behind nova-compute the bridge and `dpm serve`. Only the HMCs, the machines and the SAN are simulated. Cinder's volume
 * driver acts on the SAN of the simulated machines, so a partition boots only if Cinder has masked its volume.
 *
 *   npm run test:openstack [-- --only TEXT …]     runs only the scenarios whose name contains one of the texts
 *
 * Ends with "N passed, N failed" and exit code 0 or 1. Exit code 2: wrong arguments. Exit code 3 and "NOT RUN": Debian's
 * packages cannot be installed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError, InterruptedError } from '../../src/base/index.ts';
import { Report } from '../../scripts/real-openstack/report.ts';
import { Cloud } from './cloud.ts';
import { makeThings } from './round-trip.ts';
import { scenarios } from './scenarios.ts';
import { UnavailableError } from './stack/packages.ts';
import { openWorld } from './world.ts';

/** A run takes about ten minutes on two idle cores. */
const DEADLINE_MINUTES = 35;

const only = readArguments();
const interruption = new AbortController();
// 128 plus the number of the signal, as in shells.
for (const [name, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(name, () => {
    process.exitCode = exitCode;
    interruption.abort(new InterruptedError(`interrupted by ${name}`));
  });
}
const deadline = setTimeout(() => {
  process.exitCode = 1;
  interruption.abort(new InterruptedError(`not done after ${DEADLINE_MINUTES} minutes`));
}, DEADLINE_MINUTES * 60_000).unref();

const report = new Report((line) => console.log(line), interruption.signal);
const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-openstack-'));
try {
  await Promise.race([run(), aborted(interruption.signal)]);
} catch (error) {
  if (error instanceof UnavailableError) {
    rmSync(directory, { recursive: true, force: true });
    console.error(`NOT RUN: ${error.message}`);
    process.exit(3);
  }
  report.broken('the run', error);
} finally {
  clearTimeout(deadline);
}
console.log(`\n${report.summary}`);
if (report.failed > 0 || interruption.signal.aborted) console.log(`Logs of the services: ${join(directory, 'log')}`);
else rmSync(directory, { recursive: true, force: true });
process.exitCode ??= Math.min(report.failed, 1);

async function run(): Promise<void> {
  report.heading("Real OpenStack of Debian's packages");
  await using world = await report.step('the services start', async () => await openWorld(directory));
  await report.step('dpm serve and nova-compute start', async () => {
    await Promise.all(world.hosts.map(world.startService));
    await world.startCompute(world.hosts);
  });
  const cloud = new Cloud(world.stack);
  await cloud.makeZones(world.hosts.map(({ name }) => name));
  const things = await report.step('flavors and images', async () => await makeThings(cloud));
  for (const { name, play } of scenarios) {
    if (only.length > 0 && !only.some((text) => name.includes(text))) continue;
    interruption.signal.throwIfAborted();
    try {
      await play({ report, world, cloud, things });
    } catch (error) {
      report.broken(name, error);
    }
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function readArguments(): readonly string[] {
  try {
    return parseArgs({ options: { only: { type: 'string', multiple: true, default: [] } } }).values.only;
  } catch (error) {
    console.error(`test:openstack: ${describeError(error)}`);
    process.exit(2);
  }
}
