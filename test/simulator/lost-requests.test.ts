/*
 * Every changing request of the HMC client takes effect exactly once, if the request or its answer is lost. A request that must
 * not be repeated takes effect at most once, and fails.
 */
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { CreateStorageGroup, HmcSession } from '../../src/hmc-client/index.ts';
import { PartitionLifecycle } from '../../src/partition/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { FaultKind, Simulator, SimulatorSnapshot } from '../../src/simulator/index.ts';
import type { Props } from '../../src/simulator/hmc/index.ts';
import { cpcUriOf, fcpPortUris, openSession, w, waiting } from '../support/hmc-session.ts';

type Machine = 'z13' | 'z16';

interface Stage {
  readonly simulator: Simulator;
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

async function makeNic({ hmc, cpcUri, partition }: Stage): Promise<string> {
  const [backing] = await hmc.nics.virtualSwitches(cpcUri, w);
  return await hmc.nics.create(partition.uri, { name: 'eth0', virtualSwitchUri: backing?.uri ?? '' }, w);
}

/** The client does not create capacity groups: an administrator does. */
async function makeCapacityGroup({ hmc, cpcUri }: Stage): Promise<string> {
  const body = { name: 'web', 'absolute-ifl-proc-cap': 2 };
  await hmc.request('POST', `${cpcUri}/capacity-groups`, { ...w, body });
  const [group] = await hmc.capacityGroups.list(cpcUri, {}, w);
  return group?.uri ?? '';
}

async function mountImage({ hmc, partition }: Stage): Promise<string> {
  const image = Buffer.alloc(4096);
  const upload = { bytes: image.length, open: () => Readable.from([image]) };
  await hmc.partitions.mountIso(partition.uri, { name: 'live.iso', insFile: '/generic.ins', ...upload }, w);
  return partition.uri;
}

async function configureCrypto(stage: Stage, usageDomains: readonly number[], controlDomains: readonly number[]) {
  const { hmc, cpcUri, partition } = stage;
  const [adapter] = await hmc.adapters.list(cpcUri, { type: 'crypto' }, w);
  const wanted = { adapterUris: [adapter?.uri ?? ''], usageDomains, controlDomains };
  await hmc.partitions.setCryptoConfiguration(partition.uri, wanted, w);
  return partition.uri;
}

/** Attaches a fulfilled group and returns its volume. */
async function attachBootVolume({ simulator, hmc, partition }: Stage): Promise<string> {
  const volumes = [{ name: 'root', sizeGib: 20, usage: 'boot' }] as const;
  const { uri, volumeUris } = simulator.hmc.addStorageGroup({ name: 'os', type: 'fc', volumes });
  await hmc.partitions.attachStorageGroup(partition.uri, uri, w);
  return volumeUris[0] ?? '';
}

async function bootSystem(stage: Stage): Promise<string> {
  const bootStorageVolume = await attachBootVolume(stage);
  await stage.hmc.partitions.update(stage.partition.uri, { bootDevice: 'storage-volume', bootStorageVolume }, w);
  await lifecycleOf(stage.hmc).start(stage.partition, w);
  return stage.partition.uri;
}

/** As after a crash of the operating system. */
function crash({ simulator, partition }: Stage): void {
  const props = simulator.hmc.model.find('partition', partition.uri)?.props;
  Object.assign(props ?? {}, { status: 'terminated', 'os-type': 'Linux' });
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
  'Mount ISO Image': { verb: 'partitions.mountIso', machines: both, act: mountImage },
  'Unmount ISO Image': {
    verb: 'partitions.unmountIso',
    machines: both,
    prepare: mountImage,
    act: async ({ hmc }, uri) => await hmc.partitions.unmountIso(uri, w),
  },
  'Increase Crypto Configuration': {
    verb: 'partitions.setCryptoConfiguration',
    machines: both,
    prepare: async (stage) => await configureCrypto(stage, [0], []),
    act: async (stage) => await configureCrypto(stage, [1], []),
  },
  'Change Crypto Domain Configuration': {
    verb: 'partitions.setCryptoConfiguration',
    machines: both,
    prepare: async (stage) => await configureCrypto(stage, [0], [1]),
    act: async (stage) => await configureCrypto(stage, [0, 1], []),
  },
  'Decrease Crypto Configuration': {
    verb: 'partitions.setCryptoConfiguration',
    machines: both,
    prepare: async (stage) => await configureCrypto(stage, [0], [1]),
    act: async (stage) => await configureCrypto(stage, [0], []),
  },
  'Create NIC': { verb: 'nics.create', machines: both, act: makeNic },
  'Update NIC Properties': {
    verb: 'nics.update',
    machines: both,
    prepare: makeNic,
    act: async ({ hmc }, uri) => await hmc.nics.update(uri, { description: 'changed' }, w),
  },
  'Delete NIC': {
    verb: 'nics.delete',
    machines: both,
    prepare: makeNic,
    act: async ({ hmc }, uri) => await hmc.nics.delete(uri, w),
  },
  'Add Partition to Capacity Group': {
    verb: 'capacityGroups.addPartition',
    machines: both,
    prepare: makeCapacityGroup,
    act: async ({ hmc, partition }, uri) => await hmc.capacityGroups.addPartition(uri, partition.uri, w),
  },
  'Remove Partition from Capacity Group': {
    verb: 'capacityGroups.removePartition',
    machines: both,
    prepare: async (stage) => {
      const uri = await makeCapacityGroup(stage);
      await stage.hmc.capacityGroups.addPartition(uri, stage.partition.uri, w);
      return uri;
    },
    act: async ({ hmc, partition }, uri) => await hmc.capacityGroups.removePartition(uri, partition.uri, w),
  },
  'Create Metrics Context': { verb: 'metrics.read', machines: both, act: readMetrics },
  'Delete Metrics Context': { machines: both, act: readMetrics },
};

async function readMetrics({ hmc }: Stage): Promise<void> {
  await hmc.metrics.read(['dpm-system-usage-overview'], w);
}

/** Operations that the client does not send again, because they would do the same a second time. */
const sentOnce: Readonly<Record<string, Case>> = {
  'Perform PSW Restart': {
    verb: 'partitions.pswRestart',
    machines: both,
    prepare: async (stage) => {
      crash(stage);
      return stage.partition.uri;
    },
    act: async ({ hmc }, uri) => await (await hmc.partitions.pswRestart(uri, w)).wait(waiting),
  },
  'Start Dump Program': {
    verb: 'partitions.startDumpProgram',
    machines: ['z16'],
    prepare: async (stage) => {
      const uri = await attachBootVolume(stage);
      crash(stage);
      return uri;
    },
    act: async ({ hmc, partition }, uri) => {
      const job = await hmc.partitions.startDumpProgram(partition.uri, uri, w);
      await job.wait(waiting);
    },
  },
  'Dump Partition': {
    verb: 'partitions.scsiDump',
    machines: ['z13'],
    prepare: async (stage) => {
      const uri = await makeHba(stage);
      crash(stage);
      return uri;
    },
    act: async ({ hmc, partition }, hbaUri) => {
      const source = { hbaUri, targetWwpn: '5005076802160417', lun: '0002000000000000' };
      const job = await hmc.partitions.scsiDump(partition.uri, source, w);
      await job.wait(waiting);
    },
  },
  'Send OS Command': {
    verb: 'partitions.sendOsCommand',
    machines: ['z16'],
    prepare: bootSystem,
    act: async ({ hmc }, uri) => await hmc.partitions.sendOsCommand(uri, 'uname', w),
  },
  'Get ASCII Console WebSocket URI': {
    verb: 'partitions.openAsciiConsole',
    machines: ['z16'],
    prepare: bootSystem,
    act: async ({ hmc }, uri) => {
      await using _console = await hmc.partitions.openAsciiConsole(uri, { force: false }, w);
    },
  },
  'Modify Partition Link': {
    verb: 'nics.connectByLink',
    machines: ['z16'],
    prepare: async ({ hmc, cpcUri }) => {
      const [adapter] = await hmc.adapters.list(cpcUri, { type: 'hipersockets' }, w);
      return (await hmc.nics.hipersocketsLink(cpcUri, adapter?.uri ?? '', w)) ?? '';
    },
    act: async ({ hmc, partition }, uri) => {
      const nic = { deviceNumber: '0001', vlanId: null, macAddress: null };
      await hmc.nics.connectByLink(uri, partition.uri, nic, w);
    },
  },
};

/** What is left at the HMC, and how often the operation got there. */
interface Outcome {
  readonly before: State;
  readonly after: State;
  readonly left: unknown;
  readonly heard: number;
  readonly failure: unknown;
}

interface State {
  readonly snapshot: SimulatorSnapshot;
  readonly capacityGroups: readonly Props[];
  readonly osMessages: readonly (readonly string[])[];
}

/** All that the operations change; a snapshot has neither capacity groups nor messages. */
function stateOf(simulator: Simulator): State {
  const { hmc } = simulator;
  hmc.settle();
  return structuredClone({
    snapshot: simulator.snapshot(),
    capacityGroups: hmc.model.all('capacity-group').map(({ props }) => ({ ...props })),
    osMessages: hmc.model.all('partition').map(({ uri }) => hmc.osMessages(uri)),
  });
}

async function perform(operation: string, machine: Machine, kind?: FaultKind): Promise<Outcome> {
  const timing = { startMs: operation === 'Cancel Job' ? 60_000 : 10, stopMs: 10, jobMs: 0, statusLagMs: 5 };
  await using simulator = await startSimulator({ machine, timing });
  const { prepare, act } = cases[operation] ?? sentOnce[operation] ?? {};
  const hmc = openSession(simulator);
  const stage = await setStage(simulator, hmc);
  const prepared = (await prepare?.(stage)) ?? '';
  await hmc.close(w);
  const before = stateOf(simulator);

  const disturbed = openSession(simulator);
  simulator.log.clear();
  if (kind !== undefined) simulator.faults.add({ id: 'loss', server: 'hmc', operation, kind });
  const failure = await act?.({ ...stage, hmc: disturbed }, prepared).then(
    () => undefined,
    (error: unknown) => error,
  );
  await disturbed.close(w);
  if (kind !== undefined) expect(simulator.faults.struck('loss')).toBe(1);

  const { sessionCount, jobCount } = simulator.hmc;
  const heard = simulator.log.byOperation()[operation] ?? 0;
  return { before, after: stateOf(simulator), left: { sessionCount, jobCount }, heard, failure };
}

async function setStage(simulator: Simulator, hmc: HmcSession): Promise<Stage> {
  const cpcUri = cpcUriOf(simulator);
  const ports = await fcpPortUris(hmc, cpcUri);
  const uri = await hmc.partitions.create(cpcUri, { name: 'web1', ...size }, w);
  return { simulator, hmc, cpcUri, ports, partition: { uri, name: 'web1' } };
}

const rowsOf = (table: Readonly<Record<string, Case>>) =>
  Object.entries(table).flatMap(([operation, { machines }]) =>
    machines.map((machine) => [operation, machine] as const),
  );
const rows = rowsOf(cases);

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

  expect(wanted.failure).toBeUndefined();
  expect(outcome).toEqual({ ...wanted, heard: wanted.heard + 1 });
});

test.each(rows)('%s on a %s has its effect, once, when its answer is lost', async (operation, machine) => {
  const wanted = await perform(operation, machine);
  const outcome = await perform(operation, machine, { type: 'drop', when: 'after' });

  expect(outcome.failure).toBeUndefined();
  expect(outcome.after).toEqual(wanted.after);
  expect(outcome.left).toEqual(keptWhenAnswerIsLost[operation] ?? wanted.left);
});

const unsure = { name: 'HmcConnectionError', sent: true };

test.each(rowsOf(sentOnce))('%s on a %s is sent once, and fails, when it is lost', async (operation, machine) => {
  const wanted = await perform(operation, machine);
  const unheard = await perform(operation, machine, { type: 'drop', when: 'before' });
  const unanswered = await perform(operation, machine, { type: 'drop', when: 'after' });

  expect(wanted.failure).toBeUndefined();
  expect(unheard).toMatchObject({ failure: unsure, heard: 1 });
  expect(unheard.after).toEqual(unheard.before);
  expect(unanswered).toMatchObject({ failure: unsure, heard: 1 });
  expect(unanswered.after).toEqual(wanted.after);
  // The URI of a console is no effect of its own: it ends with the session.
  if (operation !== 'Get ASCII Console WebSocket URI') expect(wanted.after).not.toEqual(wanted.before);
});

test('every verb that changes something is among them', () => {
  const hmc = openSession({ hmc: { url: 'https://hmc1.example.com:6794' } } as Simulator); // of which it takes the URL
  const isRead = /^(?:get|list|find|(?:readOsMessages|ofPartition|virtualSwitches|hipersocketsLink|validateLunPath)$)/;
  const resources = ['partitions', 'hbas', 'nics', 'capacityGroups', 'metrics', 'storageGroups'] as const;
  const verbs = ([...resources, 'storageVolumes', 'virtualStorageResources'] as const).flatMap((name) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(hmc[name]))
      .filter((verb) => verb !== 'constructor' && !isRead.test(verb))
      .map((verb) => `${name}.${verb}`),
  );
  // Mismatched and fulfilled volumes have conversations of their own: test/fixtures/hmc/storage.json.
  const elsewhere = ['acceptMismatchedVolumes', 'rejectMismatchedVolumes', 'fulfillFcp'];
  const here = new Set([...Object.values(cases), ...Object.values(sentOnce)].flatMap(({ verb }) => verb ?? []));

  expect(verbs.filter((verb) => !elsewhere.some((name) => verb.endsWith(name))).toSorted()).toEqual(
    [...here].toSorted(),
  );
});

test('a crypto configuration is completed although the HMC refuses the repeat of an increase that it has done', async () => {
  await using simulator = await startSimulator({ machine: 'z16' });
  await using hmc = openSession(simulator);
  const stage = await setStage(simulator, hmc);
  await configureCrypto(stage, [0], []);
  const increase = { server: 'hmc', operation: 'Increase Crypto Configuration' } as const;
  simulator.faults.add({ id: 'lost', ...increase, when: { times: 1 }, kind: { type: 'drop', when: 'after' } });
  // The reason code of such a refusal is not public.
  simulator.faults.add({
    id: 'twice',
    ...increase,
    when: { times: 1 },
    kind: { type: 'refuse', status: 409, reason: 8 },
  });

  await configureCrypto(stage, [1], []);

  expect(simulator.faults.struck('twice')).toBe(1);
  const { props } = simulator.hmc.model.find('partition', stage.partition.uri)!; // as above
  expect(props['crypto-configuration']).toMatchObject({
    'crypto-domain-configurations': [{ 'domain-index': 1, 'access-mode': 'control-usage' }],
  });
});
