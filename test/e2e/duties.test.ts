import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { loadComputeDriver, openManager, waitForServer } from '../../src/compute/index.ts';
import type { ComputeManager, CreateServer } from '../../src/compute/index.ts';
import { openDatabase } from '../../src/compute/database.ts';
import { SqlitePartitionRecords } from '../../src/compute/sqlite-partition-records.ts';
import { startDuties } from '../../src/serve/index.ts';
import { StockManager, stockVirtApi } from '../parking/stock-manager.ts';
import { quickCinder, quickPolicies, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const web1: CreateServer = { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] };
const intervals = {
  'build-requested-servers': 20,
  'resume-flows': 50,
  'remove-parked-partitions': 50,
  'search-parked-partitions': 50,
};

/** Of a service that begins no build after its start. */
const idle = { ...intervals, 'build-requested-servers': 3_600_000 };

/** The duties of a service in this process. */
async function startService(world: World, more: Partial<Parameters<typeof startDuties>[0]> = {}) {
  const manager = await world.open({ purpose: 'dpm serve', resumeEveryMs: 0 });
  const duties = startDuties({ manager, log: silentLogger, intervals, ...more });
  return {
    manager,
    [Symbol.asyncDispose]: async () => {
      await duties[Symbol.asyncDispose]();
      await manager[Symbol.asyncDispose]();
    },
  };
}

/** Records the request as `dpm server create --no-wait` does. */
async function request(world: World, server: CreateServer = web1, requestId = 'req-of-the-command') {
  await using manager = await world.open({ access: 'read' });
  return await manager.request(server, { ...world.context, requestId });
}

async function waitFor(world: World, server: string, notes: string[] = []) {
  const { statePath, settings, context } = world;
  const onNote = (text: string) => notes.push(text);
  return await waitForServer(server, { statePath, host: settings.host, pid: 1, onNote, signal: context.signal });
}

/** Looks at the records as a command does that only reads. */
async function reading<T>(world: World, look: (manager: ComputeManager) => Promise<T>): Promise<T> {
  await using manager = await world.open({ access: 'read' });
  return await look(manager);
}

/** A service as a process of its own, which stops in the step that builds the partition and says so. */
async function startOtherService(world: World) {
  const file = join(world.statePath, 'other.conf');
  writeFileSync(file, world.settingsText);
  const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const program = `
    import { openManager } from ${at('../../src/compute/index.ts')};
    import { startDuties } from ${at('../../src/serve/index.ts')};
    import { silentLogger } from ${at('../../src/base/index.ts')};
    const failpoint = async ({ step, at }) => {
      if (step !== 'spawn' || at !== 'after-run') return;
      process.stdout.write('building');
      await new Promise(() => undefined);
    };
    const manager = await openManager({ configFile: ${JSON.stringify(file)}, resumeEveryMs: 0, failpoint });
    globalThis.duties = startDuties({ manager, log: silentLogger, intervals: { 'build-requested-servers': 20 } });
    process.stdout.write('ready');
    setInterval(() => undefined, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = async (word: string) => {
    const [data] = (await once(child.stdout, 'data')) as [Buffer];
    expect(data.toString()).toBe(word);
  };
  await said('ready');
  return {
    said,
    kill: async () => {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}

test('the running service creates a requested server, under the request of the command', async () => {
  await using world = await startWorld();
  await using _service = await startService(world);

  const asked = await request(world);
  expect(asked).toMatchObject({ status: 'BUILD', task_state: 'scheduling', power_state: 'nostate' });
  const done = await waitFor(world, 'web1');

  expect(done).toMatchObject({ id: asked.id, status: 'ACTIVE', task_state: null, power_state: 'running' });
  const [flow] = await reading(world, (manager) => manager.listFlows());
  expect(flow).toMatchObject({ flow: 'build', state: 'completed', requestId: 'req-of-the-command' });
});

test('without a running service a request is refused, and nothing is recorded', async () => {
  await using world = await startWorld();
  const before = world.sim.snapshot();

  await expect(request(world)).rejects.toThrow('start it with dpm serve');
  expect(await reading(world, (manager) => manager.list())).toEqual([]);
  expect(world.sim.snapshot()).toEqual(before);
});

test('a request with a password is refused, and the password is nowhere', async () => {
  await using world = await startWorld();
  await using _service = await startService(world);
  const bootFrom = { source: 'ftp', host: 'f', username: 'u', insFile: '/i', password: 'pw-of-ftp' } as const;

  await expect(request(world, { ...web1, bootFrom })).rejects.toThrow('never stored');
  expect(await reading(world, (manager) => manager.list())).toEqual([]);
});

test('a bad request is refused before it is recorded', async () => {
  await using world = await startWorld();
  await using _service = await startService(world);

  await expect(request(world, { ...web1, volumes: [{ volumeId: 'no-such' }] })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await request(world);
  await expect(request(world, { ...web1, volumes: [{ volumeId: 'boot-2' }] })).rejects.toThrow('already exists');
});

test('a requested server that cannot be built is in ERROR, and the wait tells its fault', async () => {
  await using world = await startWorld();
  await using _service = await startService(world);
  world.sim.faults.add({
    id: 'full',
    server: 'hmc',
    operation: 'Create Partition',
    kind: { type: 'refuse', status: 409, reason: 7, message: 'no room for it' },
  });

  await request(world);

  await expect(waitFor(world, 'web1')).rejects.toMatchObject({ code: 'FLOW_ROLLED_BACK' });
  const shown = await reading(world, (manager) => manager.show('web1'));
  expect(shown).toMatchObject({ status: 'ERROR', fault: { request_id: 'req-of-the-command' } });
  expect(shown.fault?.message).toContain('no room for it');
});

test('the service that is killed in a build leaves it to the next one, which undoes it and builds again', async () => {
  await using world = await startWorld({ reuseWwpns: true });
  const other = await startOtherService(world);
  const asked = await request(world);
  await other.said('building');
  const notes: string[] = [];
  const waiting = waitFor(world, 'web1', notes);
  await other.kill();

  // A crashed service does not count.
  await expect(request(world, { ...web1, name: 'web2', volumes: [{ volumeId: 'boot-2' }] })).rejects.toThrow(
    'start it with dpm serve',
  );
  await using _service = await startService(world);

  expect(await waiting).toMatchObject({ id: asked.id, status: 'ACTIVE', power_state: 'running' });
  const flows = await reading(world, (manager) => manager.listFlows());
  expect(flows.map(({ state }) => state)).toEqual(['completed', 'rolled-back']);
  const names = world.sim.hmc.model.all('partition').map(({ props }) => props.name);
  expect(names.filter((name) => name === `OpenStack-compute1-${asked.id}`)).toHaveLength(1);
});

test('a command that writes rolls a killed build back, and keeps the request for the next service', async () => {
  await using world = await startWorld();
  const before = world.sim.snapshot();
  const other = await startOtherService(world);
  await request(world);
  await other.said('building');
  await other.kill();

  {
    await using manager = await world.open();
    expect(await manager.list()).toMatchObject([{ name: 'web1', status: 'BUILD', task_state: 'scheduling' }]);
  }
  expect(world.sim.snapshot()).toEqual(before);

  await using _service = await startService(world);
  expect(await waitFor(world, 'web1')).toMatchObject({ status: 'ACTIVE' });
});

test('a build that kills its service again and again is given up', async () => {
  await using world = await startWorld();
  {
    await using _service = await startService(world, { intervals: idle });
    await request(world);
  }
  const database = openDatabase(world.statePath);
  database.exec('update server_request set attempts = 3');
  database.close();

  await using _service = await startService(world);

  await expect(waitFor(world, 'web1')).rejects.toThrow('is in status ERROR');
  const { fault } = await reading(world, (manager) => manager.show('web1'));
  expect(fault).toMatchObject({ code: 'INTERRUPTED' });
  expect(fault?.message).toContain('ended 3 times');
});

test('a service that is stopped leaves a build as it is, and the next one goes on', async () => {
  await using world = await startWorld();
  let begun = (): void => undefined;
  const isBuilding = new Promise<void>((resolve) => (begun = resolve));
  const manager = await world.open({
    resumeEveryMs: 0,
    failpoint: async ({ step, at }) => {
      if (step === 'spawn' && at === 'before-run') begun();
      await Promise.resolve();
    },
  });
  const duties = startDuties({ manager, log: silentLogger, intervals });
  const asked = await request(world);
  await isBuilding;
  await duties[Symbol.asyncDispose]();
  await manager[Symbol.asyncDispose]();

  const notes: string[] = [];
  const waiting = waitFor(world, 'web1', notes);
  await using _service = await startService(world);

  expect(await waiting).toMatchObject({ id: asked.id, status: 'ACTIVE' });
  expect(notes.length).toBeLessThanOrEqual(1);
});

test('a delete of a server whose request waits removes the request, and the service builds nothing', async () => {
  await using world = await startWorld();
  const before = world.sim.snapshot();
  await using _service = await startService(world, { intervals: idle });
  await request(world);

  {
    await using manager = await world.open();
    await manager.delete('web1');
    expect(await manager.list()).toEqual([]);
    expect(manager.waitingRequests()).toEqual([]);
  }
  expect(world.sim.snapshot()).toEqual(before);
  await expect(waitFor(world, 'web1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a start that a dead process left is finished by the running service', async () => {
  await using world = await startWorld();
  {
    await using manager = await world.open();
    await manager.create({ ...web1, start: false });
  }
  await using service = await startService(world);
  const database = openDatabase(world.statePath);
  database.exec("update instance set task_state = 'powering-on'"); // as a process leaves it that dies then
  database.close();

  expect(await waitFor(world, 'web1')).toMatchObject({ status: 'ACTIVE', power_state: 'running' });
  expect(await service.manager.show('web1')).toMatchObject({ partition_status: 'active' });
});

test('a second service of the host is refused while the first one lives', async () => {
  await using world = await startWorld();
  await using _service = await startService(world);
  await using manager = await world.open();

  expect(() => startDuties({ manager, log: silentLogger })).toThrow('a service of host "compute1" runs already');
});

describe.each(['z13', 'z16'] as const)('on a %s', (machine) => {
  const uuid = '2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6';
  const administrator = [
    { name: 'dpm', password: 'dpm-of-the-simulator', projects: { service: ['admin', 'service', 'member'] } },
  ];

  /** Nova's driver with the records of the state directory, as the service has it. */
  async function startNova(world: World) {
    const database = openDatabase(world.statePath);
    const partitionRecords = new SqlitePartitionRecords(database, { access: 'write' });
    const options = { virtapi: stockVirtApi, partitionRecords, baseDir: world.statePath, policies: quickPolicies! };
    const nova = await StockManager.start(world, stockVirtApi, () => loadComputeDriver(world.settings, options));
    const volumeId = world.sim.volumes.find(({ name }) => name === 'boot-1')!.id;
    const partition = () =>
      world.sim.hmc.model.all('partition').find(({ props }) => props.name === `OpenStack-compute1-${uuid}`);
    return {
      nova,
      server: nova.server(uuid, 'web1', [volumeId]),
      partition,
      records: () => partitionRecords.list().map(({ instanceUuid }) => instanceUuid),
      [Symbol.asyncDispose]: async () => {
        await nova[Symbol.asyncDispose]();
        database.close();
      },
    };
  }

  test('a parked partition goes, with ports and record, once Cinder has no attachment of its instance', async () => {
    await using world = await startWorld({ machine, reuseWwpns: true, users: administrator });
    const before = world.sim.snapshot();
    await using scene = await startNova(world);
    const { nova, server, partition, records } = scene;
    const turns: string[] = [];
    const inTurn = async (instance: string, work: () => Promise<void>) => {
      turns.push(instance);
      await work();
    };
    await nova.build(server);
    await nova.destroy(server);
    let rounds = 0;
    await using _service = await startService(world, {
      inTurn,
      onEnd: ({ duty, error }) => {
        expect(error).toBeUndefined();
        if (duty === 'remove-parked-partitions') rounds += 1;
      },
    });
    await expect.poll(() => rounds, { timeout: 30_000 }).toBeGreaterThan(2);
    expect(partition()?.props.status).toBe('stopped'); // its volume is still mapped
    expect(records()).toEqual([uuid]);

    await nova.unmap(server);

    await expect.poll(() => partition(), { timeout: 30_000 }).toBeUndefined();
    await expect.poll(() => records(), { timeout: 30_000 }).toEqual([]);
    expect(new Set(turns)).toEqual(new Set([uuid]));
    expect(world.sim.snapshot()).toEqual(before);
  });

  test('stays, if the user of Cinder does not see the attachments of others', async () => {
    await using world = await startWorld({ machine });
    await using scene = await startNova(world);
    const { nova, server, partition } = scene;
    await nova.build(server);
    await nova.destroy(server);
    await nova.unmap(server);
    await using manager = await openManager(world.settings, { policies: quickPolicies, cinder: quickCinder });

    const { removed, kept } = await manager.removeParked({ scope: 'recorded' });

    expect(removed).toEqual([]);
    expect(kept[0]?.detail).toContain('an administrator');
    expect(partition()).toBeDefined();
  });
});
