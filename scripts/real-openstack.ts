/*
 * npm run real-openstack: starts real Keystone and Cinder, tests spawn, attach, detach and delete with them, and stops
 * them. Only the HMC is simulated. Its partitions boot only if the array behind Cinder has the masks.
 *
 *   npm run real-openstack [-- --openstack DIR] [--share]     DIR has start.sh and stop.sh; default ../shared/openstack
 *
 * --share runs one spawn order with one API, and one failure: two minutes instead of five.
 *
 * Ends with "N passed, N failed" and exit code 0 or 1. Exit code 2: wrong arguments. Exit code 3 and "NOT RUN": the
 * services are not available.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError, InterruptedError } from '../src/base/index.ts';
import { lostMask, refusedAttach, refusedConnection, refusedDisconnection } from './real-openstack/failures.ts';
import { legacyDirect } from './real-openstack/legacy-direct.ts';
import { Report } from './real-openstack/report.ts';
import { roundTrip } from './real-openstack/round-trip.ts';
import {
  hasOpenstack,
  prepareOpenstack,
  removeDirectory,
  startOpenstack,
  UnavailableError,
} from './real-openstack/services.ts';
import { sweepVolumes } from './real-openstack/scratch-volumes.ts';
import { openStage } from './real-openstack/stage.ts';
import type { Stage, Variant } from './real-openstack/stage.ts';

const { scripts, isShare } = readOptions();
if (!hasOpenstack(scripts)) {
  notRun(`${scripts} has no start.sh and stop.sh of real OpenStack services: name their directory with --openstack`);
}

/** For tests that do not depend on spawn order, API and user. */
const usual: Variant = { order: 'deferred', flow: 'attachments', service: true };

/** A run takes four minutes on an idle machine, and longer if packages have to be installed. */
const DEADLINE_MINUTES = 35;

const interruption = new AbortController();
// 128 plus the number of the signal, as in shells.
for (const [name, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(name, () => {
    console.error(`${name}: rolling back, then stopping the services`);
    process.exitCode = exitCode;
    interruption.abort(new InterruptedError(`interrupted by ${name}`));
  });
}

const deadline = setTimeout(() => {
  console.error(`not done after ${DEADLINE_MINUTES} minutes: rolling back, then stopping the services`);
  process.exitCode = 1;
  interruption.abort(new InterruptedError(`not done after ${DEADLINE_MINUTES} minutes`));
}, DEADLINE_MINUTES * 60_000).unref();

const report = new Report((line) => console.log(line), interruption.signal);
const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-real-openstack-'));
try {
  await prove(report, interruption.signal);
} catch (error) {
  if (error instanceof UnavailableError) {
    removeDirectory(directory);
    notRun(error.message);
  }
  report.broken('the run', error);
} finally {
  clearTimeout(deadline);
}
console.log(`\n${report.summary}`);
if (report.failed > 0) console.log(`Logs of the services and settings: ${directory}`);
else removeDirectory(directory);
if (!interruption.signal.aborted) process.exitCode = Math.min(report.failed, 1);

async function prove(on: Report, signal: AbortSignal): Promise<void> {
  on.heading(`Real Keystone and Cinder of ${scripts}`);
  const stack = await prepareOpenstack(scripts, join(directory, 'services'));
  const start = async () => await startOpenstack(stack);
  const openstack = await on.step('they start', start, ({ cinderUrl }) => `Cinder at ${cinderUrl}`);
  try {
    signal.throwIfAborted();
    await using stage = await openStage({ openstack, report: on, directory, signal });
    await play(stage);
  } finally {
    on.heading('Real Keystone and Cinder');
    const problem = await openstack.stop().then(() => undefined, describeError);
    on.check('they end, and nothing answers on their ports', problem === undefined, problem);
  }
}

async function play(stage: Stage): Promise<void> {
  if (isShare) {
    await attempt(stage, () => roundTrip(stage, usual));
    await attempt(stage, () => refusedAttach(stage, usual));
    return;
  }
  for (const variant of variants()) await attempt(stage, () => roundTrip(stage, variant));
  await attempt(stage, () => roundTrip(stage, usual, { wwn_case: 'colon', target_lun_as: 'hex', lun_first: 7 }));
  await attempt(stage, () => legacyDirect(stage));
  for (const flow of ['attachments', 'legacy'] as const) {
    await attempt(stage, () => refusedConnection(stage, { ...usual, flow }));
    await attempt(stage, () => lostMask(stage, { ...usual, flow }));
  }
  await attempt(stage, () => refusedAttach(stage, usual));
  await attempt(stage, () => refusedDisconnection(stage, usual));
}

/**
 * Both spawn orders with both APIs and a service user, as with Nova; both APIs without a service user, as without Nova.
 */
function variants(): readonly Variant[] {
  const flows = ['attachments', 'legacy'] as const;
  const orders = ['deferred', 'stock'] as const;
  const served = flows.flatMap((flow) => orders.map((order) => ({ order, flow, service: true })));
  return [...served, ...flows.map((flow) => ({ order: 'deferred', flow, service: false }) as const)];
}

/** If a scenario fails, the others run nevertheless. */
async function attempt(stage: Stage, scenario: () => Promise<void>): Promise<void> {
  try {
    await scenario();
  } catch (error) {
    if (stage.signal.aborted) throw error;
    stage.report.broken('the scenario', error);
    stage.array.behave();
    await sweepVolumes(stage);
  }
}

function readOptions(): { readonly scripts: string; readonly isShare: boolean } {
  // Next to the project.
  const beside = resolve(import.meta.dirname, '../../shared/openstack');
  try {
    const { values } = parseArgs({
      options: { openstack: { type: 'string', default: beside }, share: { type: 'boolean', default: false } },
    });
    return { scripts: resolve(values.openstack), isShare: values.share };
  } catch (error) {
    return refuse(describeError(error));
  }
}

function notRun(reason: string): never {
  console.error(`NOT RUN: ${reason}`);
  process.exit(3);
}

function refuse(problem: string): never {
  console.error(`real-openstack: ${problem}`);
  process.exit(2);
}
