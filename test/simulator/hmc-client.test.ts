/*
 * The HMC client against the simulated HMC: each change takes effect exactly once, even if requests or answers are
 * lost.
 */
import { expect, test } from 'vitest';
import { describeError, Secret } from '../../src/base/index.ts';
import { HmcAuthError, HmcConnectionError, isHmcError } from '../../src/hmc-client/index.ts';
import type { CreatePartition, HmcSession } from '../../src/hmc-client/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { cpcUriOf, fcpPortUris, openSession as open, survivableFaults, w, waiting } from '../support/hmc-session.ts';

const web: CreatePartition = { name: 'web1', iflProcessors: 1, initialMemory: 4096, maximumMemory: 4096 };

const isCounted = ({ server, operation }: { server: string; operation: string }) =>
  server === 'hmc' && !['Logon', 'Logoff', 'Query Job Status'].includes(operation);

test('creates and deletes partition and vHBAs on a z13 over HTTPS, and leaves the HMC unchanged', async () => {
  await using simulator = await startSimulator({ machine: 'z13', tls: true });
  const before = simulator.snapshot();
  const hmc = open(simulator);
  const [cpc] = await hmc.cpcs.list({ name: simulator.hmc.cpcName }, w);
  const ports = await fcpPortUris(hmc, cpc?.uri ?? '');

  const uri = await hmc.partitions.create(cpc?.uri ?? '', web, w);
  const hbaUris = await Promise.all(
    ports.map(async (adapterPortUri, index) => await hmc.hbas.create(uri, { name: `vhba${index}`, adapterPortUri }, w)),
  );
  const hbas = await hmc.hbas.getMany(hbaUris, w);
  await hmc.partitions.update(uri, { description: 'x', bootDevice: 'none' }, w);
  const started = await hmc.partitions.start(uri, w);
  await started.wait(waiting);
  const { status } = await hmc.partitions.get(uri, w, ['status']);
  const stopped = await hmc.partitions.stop(uri, w);
  await stopped.wait(waiting);
  await hmc.partitions.delete(uri, w);
  await hmc.close(w);

  expect(new Set(hbas.map(({ wwpn }) => wwpn)).size).toBe(ports.length);
  expect(hbas.every(({ wwpn }) => /^[0-9a-f]{16}$/.test(wwpn ?? ''))).toBe(true);
  expect(status).toBe('paused'); // a Linux partition that boots nothing
  expect(simulator.snapshot()).toEqual(before);
  expect(simulator.hmc).toMatchObject({ sessionCount: 0, jobCount: 0 });
});

test.each([
  ['z13', false],
  ['z14', true],
  ['z15', true],
  ['z16', true],
  ['z17', true],
] as const)('reads the CPC, adapters and ports of a %s', async (machine, hasStorageManagement) => {
  await using simulator = await startSimulator({ machine });
  await using hmc = open(simulator);
  const cpcUri = cpcUriOf(simulator);

  const cpc = await hmc.cpcs.get(cpcUri, w);
  const [port = ''] = await fcpPortUris(hmc, cpcUri);

  expect(cpc).toMatchObject({ name: simulator.hmc.cpcName, dpmEnabled: true, status: 'active', hasStorageManagement });
  expect(cpc.storageCustomerAvailable).toBeGreaterThan(0);
  expect(await hmc.adapters.getStoragePort(port, w)).toMatchObject({ uri: port, index: 0 });
  expect(await hmc.console.get(w)).toMatchObject({ uri: '/api/console' });
  expect(await hmc.apiVersion(w)).toMatchObject({ major: expect.any(Number) as number }); // any() says any
});

test.each(['z13', 'z14', 'z15', 'z16', 'z17'] as const)(
  'a detailed list costs as many requests with 40 partitions as with one on a %s',
  async (machine) => {
    await using simulator = await startSimulator({ machine });
    await using hmc = open(simulator);
    const cpcUri = cpcUriOf(simulator);
    const look = async (): Promise<[number, number]> => {
      simulator.log.clear();
      const found = await hmc.partitions.listDetailed(cpcUri, { namePrefix: 'web' }, ['initial-memory', 'nic-uris'], w);
      expect(found.every(({ initialMemory }) => initialMemory === 512)).toBe(true);
      return [found.length, simulator.log.count(isCounted)];
    };
    const small = { ...web, initialMemory: 512, maximumMemory: 512 };
    await hmc.partitions.create(cpcUri, small, w);

    const one = await look();
    for (let index = 2; index <= 40; index += 1) {
      await hmc.partitions.create(cpcUri, { ...small, name: `web${index}` }, w);
    }
    const many = await look();

    expect([one[0], many[0]]).toEqual([1, 40]);
    expect(Math.max(one[1], many[1])).toBeLessThanOrEqual(machine === 'z16' || machine === 'z17' ? 1 : 2);
  },
);

interface Stage {
  readonly hmc: HmcSession;
  readonly cpcUri: string;
  readonly partitionUri: string;
  readonly hbaUri: string;
  readonly portUri: string;
}

/** Each call, and what must be true after it. */
const calls: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  'List Partitions of a CPC': async ({ hmc, cpcUri }) => {
    expect(await hmc.partitions.list(cpcUri, {}, w)).toHaveLength(1);
  },
  'Get Partition Properties': async ({ hmc, partitionUri }) => {
    expect(await hmc.partitions.get(partitionUri, w, ['status'])).toMatchObject({ status: 'stopped' });
  },
  'Create Partition': async ({ hmc, cpcUri }) => {
    const uri = await hmc.partitions.create(cpcUri, { ...web, name: 'web2', description: 'second' }, w);
    const found = await hmc.partitions.list(cpcUri, { name: 'web2' }, w);
    expect(found.map((it) => it.uri)).toEqual([uri]);
  },
  'Create HBA': async ({ hmc, partitionUri, portUri }) => {
    const uri = await hmc.hbas.create(partitionUri, { name: 'vhba9', adapterPortUri: portUri }, w);
    const { hbaUris } = await hmc.partitions.get(partitionUri, w, ['hba-uris']);
    expect(hbaUris).toHaveLength(2);
    expect(hbaUris).toContain(uri);
  },
  'Update Partition Properties': async ({ hmc, partitionUri }) => {
    await hmc.partitions.update(partitionUri, { description: 'changed' }, w);
    expect(await hmc.partitions.get(partitionUri, w, ['description'])).toMatchObject({ description: 'changed' });
  },
  'Delete HBA': async ({ hmc, partitionUri, hbaUri }) => {
    await hmc.hbas.delete(hbaUri, w);
    expect(await hmc.partitions.get(partitionUri, w, ['hba-uris'])).toMatchObject({ hbaUris: [] });
  },
  'Delete Partition': async ({ hmc, cpcUri, partitionUri }) => {
    await hmc.partitions.delete(partitionUri, w);
    expect(await hmc.partitions.findByName(cpcUri, web.name, w)).toBeUndefined();
  },
  'Query Job Status': async ({ hmc, partitionUri }) => {
    const job = await hmc.partitions.start(partitionUri, w);
    await job.wait(waiting);
    expect(await hmc.partitions.get(partitionUri, w, ['status'])).toMatchObject({ status: 'paused' });
  },
};

async function setStage(simulator: Simulator, hmc: HmcSession): Promise<Stage> {
  const cpcUri = cpcUriOf(simulator);
  const [portUri = ''] = await fcpPortUris(hmc, cpcUri);
  const partitionUri = await hmc.partitions.create(cpcUri, web, w);
  const hbaUri = await hmc.hbas.create(partitionUri, { name: 'vhba0', adapterPortUri: portUri }, w);
  return { hmc, cpcUri, partitionUri, hbaUri, portUri };
}

const matrix = Object.keys(calls).flatMap((operation) =>
  Object.keys(survivableFaults).map((fault) => [operation, fault]),
);

test.each(matrix)('%s has its effect exactly once although %s', async (operation = '', fault = '') => {
  await using simulator = await startSimulator({ machine: 'z13' });
  const hmc = open(simulator);
  const stage = await setStage(simulator, hmc);
  const kind = survivableFaults[fault];
  if (kind === undefined) throw new Error(`there is no fault ${fault}`);
  simulator.faults.add({ id: 'chosen', server: 'hmc', operation, kind });

  await calls[operation]?.(stage);
  await hmc.close(w);

  expect(simulator.faults.struck('chosen')).toBe(1);
  // A restart forgets sessions, so nothing is left but what was renewed and logged off.
  expect(simulator.hmc).toMatchObject({ sessionCount: 0, jobCount: 0 });
});

test.each(['Start Partition', 'Stop Partition'])(
  '%s is not sent twice when its answer is lost, and says that it may have been heard',
  async (operation) => {
    await using simulator = await startSimulator({ machine: 'z13' });
    await using hmc = open(simulator);
    const { partitionUri } = await setStage(simulator, hmc);
    if (operation === 'Stop Partition') {
      const job = await hmc.partitions.start(partitionUri, w);
      await job.wait(waiting);
    }
    simulator.faults.add({ id: 'lost', server: 'hmc', operation, kind: { type: 'drop', when: 'after' } });
    simulator.log.clear();

    const { partitions } = hmc;
    const begun =
      operation === 'Start Partition' ? partitions.start(partitionUri, w) : partitions.stop(partitionUri, w);
    const failure: unknown = await begun.catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(HmcConnectionError);
    expect(failure).toMatchObject({ sent: true });
    expect(simulator.log.byOperation()[operation]).toBe(1);
  },
);

test.each(['z13', 'z14', 'z15', 'z16', 'z17'] as const)(
  'no read costs more than one request on a %s',
  async (machine) => {
    await using simulator = await startSimulator({ machine });
    await using hmc = open(simulator);
    const cpcUri = cpcUriOf(simulator);
    const uri = await hmc.partitions.create(cpcUri, web, w);
    simulator.log.clear();

    await hmc.cpcs.get(cpcUri, w);
    await hmc.console.get(w);
    await hmc.partitions.get(uri, w);
    await hmc.partitions.get(uri, w, ['status', 'description']);
    await hmc.partitions.findByName(cpcUri, web.name, w);

    expect(simulator.log.count(isCounted)).toBe(5);
  },
);

test('a name that is taken is refused, and nothing is adopted', async () => {
  await using simulator = await startSimulator({ machine: 'z16' });
  await using hmc = open(simulator);
  const cpcUri = cpcUriOf(simulator);
  await hmc.partitions.create(cpcUri, web, w);

  const twin: unknown = await hmc.partitions.create(cpcUri, web, w).catch((error: unknown) => error);

  expect(isHmcError(twin, 400, 8)).toBe(true);
});

test('closing waits until the ended jobs are deleted', async () => {
  await using simulator = await startSimulator({ machine: 'z13' });
  const hmc = open(simulator);
  const { partitionUri } = await setStage(simulator, hmc);
  const kind = { type: 'delay', ms: 30 } as const;
  simulator.faults.add({ id: 'slow', server: 'hmc', operation: 'Delete Completed Job Status', kind });

  const job = await hmc.partitions.start(partitionUri, w);
  await job.wait(waiting);
  await hmc.close(w);

  expect(simulator.faults.struck('slow')).toBe(1);
  expect(simulator.hmc).toMatchObject({ sessionCount: 0, jobCount: 0 });
});

test('an HMC that answers too late does not hold up the wait for a job beyond its deadline', async () => {
  await using simulator = await startSimulator({ machine: 'z13' });
  await using hmc = open(simulator);
  const { partitionUri } = await setStage(simulator, hmc);
  const job = await hmc.partitions.start(partitionUri, w);
  const kind = { type: 'delay', ms: 600_000 } as const;
  simulator.faults.add({ id: 'slow', server: 'hmc', operation: 'Query Job Status', kind });

  const failure: unknown = await job.wait({ ...w, timeoutMs: 10 }).catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: 'JOB_TIMEOUT', facts: { timeoutMs: 10, observed: { unreachable: 1 } } });
});

test('a wrong password is tried once, however many callers there are', async () => {
  await using simulator = await startSimulator({ machine: 'z13' });
  await using hmc = open(simulator, { password: async () => new Secret('wrong') });

  const failures = await Promise.allSettled(Array.from({ length: 5 }, async () => await hmc.console.get(w)));

  expect(failures.every((it) => it.status === 'rejected' && it.reason instanceof HmcAuthError)).toBe(true);
  expect(simulator.log.byOperation().Logon).toBe(1);
});

test.each([
  ['expired', 'has expired'],
  ['wrong-host', 'another host name'],
  ['self-signed', 'self-signed'],
] as const)('an HMC with a certificate that is %s is refused before the password is sent', async (flaw, advice) => {
  await using simulator = await startSimulator({ machine: 'z13', tls: true, hmcCertificate: flaw });
  await using hmc = open(simulator);

  const failure: unknown = await hmc.console.get(w).catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(HmcConnectionError);
  expect(describeError(failure)).toContain(advice);
  expect(simulator.log.count()).toBe(0);
});

test('goes on at the second HMC when the first takes no connections any more', async () => {
  await using first = await startSimulator({ machine: 'z13', seed: 7 });
  await using second = await startSimulator({ machine: 'z13', seed: 7 });
  await using hmc = open(first, { urls: [first.hmc.url, second.hmc.url] });
  const before = await hmc.cpcs.list({}, w);
  await first.hmc.server.refuseConnections(true);

  const after = await hmc.cpcs.list({}, w);

  expect(after).toEqual(before);
  expect(hmc.hmcHost()).toBe(new URL(second.hmc.url).host);
});
