import { defaultPolicies, openHmcSession, Secret } from '../src/hmc-client/index.ts';
import { startSimulator } from '../src/simulator/index.ts';
import type { Instance } from '../src/virt/index.ts';
import { defaultPowerWatchPolicy } from '../src/virt/dpm/settings.ts';
import { DriverBench } from './driver.ts';
import { context } from './requests.ts';

const INSTANCES = 40;
/** Nova's periods: `update_resources_interval` one minute, `sync_power_state_interval` ten. Source: nova conf/compute.py. */
const MINUTES = 10;

/**
 * Returns the HMC requests a minute that the periodic tasks of Nova and the driver's own watch cause with 40 instances.
 *
 * @param hasBroker - whether notifications arrive
 */
export async function periodicRequests(hasBroker: boolean): Promise<number> {
  const uuids = Array.from(
    { length: INSTANCES },
    (_, index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  );
  const partitions = uuids.map((uuid) => ({ name: `OpenStack-compute1-${uuid}`, memoryMib: 512 }));
  await using bench = await DriverBench.open({ machine: 'z16', partitions, broker: hasBroker });
  const { driver, sim } = bench;
  const count = () => sim.log.count(({ server }) => server === 'hmc');
  const instances = uuids.map((uuid): Instance => {
    return { uuid, name: 'web', host: 'compute1', flavor: { vcpus: 1, memoryMb: 512 } };
  });
  await driver.adoptGuests?.(context, instances);
  if (hasBroker) await answersFromMemory();
  const before = count();
  // `update_available_resource` calls get_available_resource and update_provider_tree, which read the same.
  for (let call = 0; call < 2 * MINUTES; call += 1) await driver.getAvailableResource('compute1', context);
  await driver.getNumInstances(context);
  for (const instance of instances) await driver.getInfo(instance, true, context);
  const { safetyNetMs, pollMs } = defaultPowerWatchPolicy;
  const ofWatch = 60_000 / (hasBroker ? safetyNetMs : pollMs);
  return (count() - before) / MINUTES + ofWatch;

  async function answersFromMemory(): Promise<void> {
    driver.lifecycleSource?.().onLifecycle(() => undefined);
    for (let before = -1; before !== count();) {
      before = count();
      await driver.listPowerStates(context);
      await new Promise(setImmediate);
    }
  }
}

/** Near the middle between two polls, for both intervals. */
const JOB_MS = 4_500;

/** Returns how long after the end of a job its wait ends, as a share of the job's duration. @param pollMs - undefined: by notification */
export async function jobEndDelay(pollMs: number | undefined): Promise<number> {
  await using sim = await startSimulator({ machine: 'z16', tls: true, timing: { startMs: JOB_MS } });
  const poll = { minDelayMs: pollMs ?? 500, maxDelayMs: pollMs ?? 500 };
  await using hmc = openHmcSession({
    urls: [sim.hmc.url],
    userid: sim.hmc.username,
    password: () => Promise.resolve(new Secret(sim.hmc.password)),
    tls: { ca: sim.ca?.pem },
    policies: { ...defaultPolicies, poll },
    messagePort: pollMs === undefined ? (sim.hmc.broker?.port ?? 0) : 0,
  });
  if (pollMs === undefined) {
    await new Promise<void>((resolve) => {
      hmc.events.onResync(resolve);
      hmc.events.open();
    });
  }
  const wanted = { name: 'p1', iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 };
  const uri = await hmc.partitions.create(`/api/cpcs/${sim.hmc.cpcObjectId}`, wanted, context);
  const begun = performance.now();
  const job = await hmc.partitions.start(uri, context);
  await job.wait({ ...context, timeoutMs: 60_000 });
  return (performance.now() - begun - JOB_MS) / JOB_MS;
}
