/* Every changing request of the HMC client takes effect exactly once, if the request or its answer is lost. */
import { expect, test } from 'vitest';
import type { CreateStorageGroup, HmcSession } from '../../src/hmc-client/index.ts';
import { PartitionLifecycle } from '../../src/partition/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { FaultKind, Simulator, SimulatorSnapshot } from '../../src/simulator/index.ts';
import { cpcUriOf, fcpPortUris, openSession, w, waiting } from '../support/hmc-session.ts';

type Machine = 'z13' | 'z16';

interface Stage {
  readonly hmc: HmcSession;
  readonly cpcUri: string;
  readonly ports: readonly string[];
  readonly partition: { readonly uri: string; readonly name: string };
}

interface Case {
  /** The client's verb that sends it; sessions and jobs have none. */
  readonly verb?: string;
  readonly machines: readonly Machine[];
  /** Before the fault. */
  readonly prepare?: (stage: Stage) => Promise<string>;
  readonly act: (stage: Stage, prepared: string) => Promise<unknown>;
}

const both: readonly Machine[] = ['z13', 'z16'];
const size = { iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 } as const;

/** Ten seconds for the status to settle are what a machine needs, and what a simulated one does not. */
const lifecycleOf = (hmc: HmcSession) =>
  new PartitionLifecycle(hmc, { timeoutMs: 20_000, poll: { minDelayMs: 1, maxDelayMs: 5 }, statusLagMs: 20 });

const groupOf = (cpcUri: string, name: string): CreateStorageGroup => ({
  cpcUri,
  type: 'fcp',
  name,
  shared: false,
  connectivity: 2,
  maxPartitions: 1,
  storageVolumes: [{ name: 'boot0', sizeGib: 8, usage: 'boot' }],
});

async function makeGroup({ hmc, cpcUri }: Stage): Promise<string> {
  return (await hmc.storageGroups.create(groupOf(cpcUri, 'data'), w)).uri;
}

async function makeAttachedGroup(stage: Stage): Promise<string> {
  const uri = await makeGroup(stage);
  await stage.hmc.storageGroups.addCandidateAdapterPorts(uri, stage.ports, w);
  await stage.hmc.partitions.attachStorageGroup(stage.partition.uri, uri, w);
  return uri;
}

async function makeHba({ hmc, partition, ports: [adapterPortUri = ''] }: Stage): Promise<string> {
  return await hmc.hbas.create(partition.uri, { name: 'vhba0', adapterPortUri }, w);
}

async function startAndWait({ hmc, partition }: Stage): Promise<string> {
  const job = await hmc.partitions.start(partition.uri, w);
  await job.wait(waiting);
  return partition.uri;
}

/** Every operation with which the client changes something, and what it is done to. */
const cases: Readonly<Record<string, Case>> = {
  Logon: { machines: both, act: async ({ hmc, cpcUri }) => await hmc.partitions.list(cpcUri, {}, w) },
  Logoff: { machines: both, act: async ({ hmc, cpcUri }) => await hmc.partitions.list(cpcUri, {}, w) },
  'Create Partition': {
    verb: 'partitions.create',
    machines: both,
    act: async ({ hmc, cpcUri }) => await hmc.partitions.create(cpcUri, { name: 'web2', ...size }, w),
  },
  'Update Partition Properties': {
    verb: 'partitions.update',
    machines: both,
    act: async ({ hmc, partition }) => await hmc.partitions.update(partition.uri, { description: 'changed' }, w),
  },
  'Delete Partition': {
    verb: 'partitions.delete',
    machines: both,
    act: async ({ hmc, partition }) => await hmc.partitions.delete(partition.uri, w),
  },
  'Start Partition': {
    verb: 'partitions.start',
    machines: both,
    act: async ({ hmc, partition }) => await lifecycleOf(hmc).start(partition, w),
  },
  'Stop Partition': {
    verb: 'partitions.stop',
    machines: both,
    prepare: startAndWait,
    act: async ({ hmc, partition }) => await lifecycleOf(hmc).ensureStopped(partition, w),
  },
  'Delete Completed Job Status': { machines: both, act: startAndWait },
  'Cancel Job': {
    machines: both,
    act: async ({ hmc, partition }) => {
      const job = await hmc.partitions.start(partition.uri, w);
      await job.cancel(w);
    },
  },
  'Create HBA': { verb: 'hbas.create', machines: ['z13'], act: makeHba },
  'Update HBA Properties': {
    verb: 'hbas.update',
    machines: ['z13'],
    prepare: makeHba,
    act: async ({ hmc }, uri) => await hmc.hbas.update(uri, { description: 'changed' }, w),
  },
  'Delete HBA': {
    verb: 'hbas.delete',
    machines: ['z13'],
    prepare: makeHba,
    act: async ({ hmc }, uri) => await hmc.hbas.delete(uri, w),
  },
  'Create Storage Group': { verb: 'storageGroups.create', machines: ['z16'], act: makeGroup },
  'Modify Storage Group Properties': {
    verb: 'storageGroups.modify',
    machines: ['z16'],
    prepare: makeGroup,
    act: async ({ hmc }, uri) => {
      const storageVolumes = [{ operation: 'create', name: 'data1', sizeGib: 4 }] as const;
      await hmc.storageGroups.modify(uri, { storageVolumes }, w);
    },
  },
  'Delete Storage Group': {
    verb: 'storageGroups.delete',
    machines: ['z16'],
    prepare: makeGroup,
    act: async ({ hmc }, uri) => await hmc.storageGroups.delete(uri, w),
  },
  'Add Candidate Adapter Ports to an FCP Storage Group': {
    verb: 'storageGroups.addCandidateAdapterPorts',
    machines: ['z16'],
    prepare: makeGroup,
    act: async ({ hmc, ports }, uri) => await hmc.storageGroups.addCandidateAdapterPorts(uri, ports, w),
  },
  'Remove Candidate Adapter Ports from an FCP Storage Group': {
    verb: 'storageGroups.removeCandidateAdapterPorts',
    machines: ['z16'],
    prepare: async (stage) => {
      const uri = await makeGroup(stage);
      await stage.hmc.storageGroups.addCandidateAdapterPorts(uri, stage.ports, w);
      return uri;
    },
    act: async ({ hmc, ports }, uri) => await hmc.storageGroups.removeCandidateAdapterPorts(uri, ports.slice(0, 1), w),
  },
  'Start FCP Storage Discovery': {
    verb: 'storageGroups.startDiscovery',
    machines: ['z16'],
    prepare: makeAttachedGroup,
    act: async ({ hmc }, uri) => {
      const job = await hmc.storageGroups.startDiscovery(uri, w, { forceRestart: true });
      await job.wait(waiting);
    },
  },
  'Attach Storage Group to Partition': {
    verb: 'partitions.attachStorageGroup',
    machines: ['z16'],
    prepare: makeGroup,
    act: async ({ hmc, partition }, uri) => await hmc.partitions.attachStorageGroup(partition.uri, uri, w),
  },
  'Detach Storage Group from Partition': {
    verb: 'partitions.detachStorageGroup',
    machines: ['z16'],
    prepare: makeAttachedGroup,
    act: async ({ hmc, partition }, uri) => await hmc.partitions.detachStorageGroup(partition.uri, uri, w),
  },
  'Update Virtual Storage Resource Properties': {
    verb: 'virtualStorageResources.update',
    machines: ['z16'],
    prepare: async (stage) => {
      const { virtualStorageResourceUris } = await stage.hmc.storageGroups.get(await makeAttachedGroup(stage), w);
      return virtualStorageResourceUris[0] ?? '';
    },
    act: async ({ hmc }, uri) => await hmc.virtualStorageResources.update(uri, { description: 'changed' }, w),
  },
};

/** What is left at the HMC, and how often the operation got there. */
interface Outcome {
  readonly snapshot: SimulatorSnapshot;
  readonly left: unknown;
  readonly heard: number;
}

async function perform(operation: string, machine: Machine, kind?: FaultKind): Promise<Outcome> {
  const timing = { startMs: operation === 'Cancel Job' ? 60_000 : 10, stopMs: 10, statusLagMs: 5 };
  await using simulator = await startSimulator({ machine, timing });
  const { prepare, act } = cases[operation] ?? {};
  const hmc = openSession(simulator);
  const stage = await setStage(simulator, hmc);
  const prepared = (await prepare?.(stage)) ?? '';
  await hmc.close(w);

  const disturbed = openSession(simulator);
  simulator.log.clear();
  if (kind !== undefined) simulator.faults.add({ id: 'loss', server: 'hmc', operation, kind });
  await act?.({ ...stage, hmc: disturbed }, prepared);
  await disturbed.close(w);
  if (kind !== undefined) expect(simulator.faults.struck('loss')).toBe(1);

  const { sessionCount, jobCount } = simulator.hmc;
  const heard = simulator.log.byOperation()[operation] ?? 0;
  return { snapshot: simulator.snapshot(), left: { sessionCount, jobCount }, heard };
}

async function setStage(simulator: Simulator, hmc: HmcSession): Promise<Stage> {
  const cpcUri = cpcUriOf(simulator);
  const ports = await fcpPortUris(hmc, cpcUri);
  const uri = await hmc.partitions.create(cpcUri, { name: 'web1', ...size }, w);
  return { hmc, cpcUri, ports, partition: { uri, name: 'web1' } };
}

const rows = Object.entries(cases).flatMap(([operation, { machines }]) =>
  machines.map((machine) => [operation, machine] as const),
);

/** What nobody but the HMC knows of once its answer is lost: the id of a session, the URI of a job. Both end by time. */
const keptWhenAnswerIsLost: Readonly<Record<string, unknown>> = {
  Logon: { sessionCount: 1, jobCount: 0 },
  'Start Partition': { sessionCount: 0, jobCount: 1 },
  'Stop Partition': { sessionCount: 0, jobCount: 1 },
  'Start FCP Storage Discovery': { sessionCount: 0, jobCount: 1 },
};

test.each(rows)('%s on a %s has its effect, once, when it is lost before it is heard', async (operation, machine) => {
  const wanted = await perform(operation, machine);
  const outcome = await perform(operation, machine, { type: 'drop', when: 'before' });

  expect(outcome).toEqual({ ...wanted, heard: wanted.heard + 1 });
});

test.each(rows)('%s on a %s has its effect, once, when its answer is lost', async (operation, machine) => {
  const wanted = await perform(operation, machine);
  const outcome = await perform(operation, machine, { type: 'drop', when: 'after' });

  expect(outcome.snapshot).toEqual(wanted.snapshot);
  expect(outcome.left).toEqual(keptWhenAnswerIsLost[operation] ?? wanted.left);
});

test('every verb that changes something is among them', () => {
  const hmc = openSession({ hmc: { url: 'https://hmc1.example.com:6794' } } as Simulator); // of which it takes the URL
  const isRead = /^(?:get|list|find|validateLunPath$)/;
  const verbs = (['partitions', 'hbas', 'storageGroups', 'storageVolumes', 'virtualStorageResources'] as const).flatMap(
    (name) =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(hmc[name]))
        .filter((verb) => verb !== 'constructor' && !isRead.test(verb))
        .map((verb) => `${name}.${verb}`),
  );
  // Mismatched and fulfilled volumes have conversations of their own: test/fixtures/hmc/storage.json.
  const elsewhere = ['acceptMismatchedVolumes', 'rejectMismatchedVolumes', 'fulfillFcp'];
  const here = Object.values(cases).flatMap(({ verb }) => verb ?? []);

  expect(verbs.filter((verb) => !elsewhere.some((name) => verb.endsWith(name))).toSorted()).toEqual(here.toSorted());
});
