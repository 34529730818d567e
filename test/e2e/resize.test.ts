import { describe, expect, it } from 'vitest';
import type { FaultKind } from '../../src/simulator/index.ts';
import { startStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

/** Size, name and properties of a server, as users change them. */

const machines = ['z13', 'z14', 'z16', 'z17'] as const;

const words = (line: string) => line.split(' ');
const create = words('server create web1 --vcpus 2 --memory 4096 --volume boot-1');

function partition({ sim }: Stage) {
  return sim.hmc.model.all('partition')[0]!;
}

function sizeOf(stage: Stage) {
  const {
    'ifl-processors': ifls,
    'initial-memory': memory,
    'maximum-memory': maximum,
    status,
  } = partition(stage).props;
  return { ifls, memory, maximum, status };
}

/** The operations that changed something at the HMC since the log was cleared, each once. */
function changes({ sim }: Stage): readonly string[] {
  const all = sim.log.entries.filter(({ server, method }) => server === 'hmc' && method !== 'GET');
  const names = all.map(({ operation }) => operation);
  return [...new Set(names)].filter((name) => !/^(?:Log|Delete Completed|Submit|Send OS)/.test(name));
}

/** A guest that takes no commands, so that nobody waits for its shutdown. */
function silenceGuest({ sim }: Stage): void {
  fail({ sim }, 'Send OS Command', { type: 'refuse', status: 409, reason: 332 }, -1);
}

function fail({ sim }: Pick<Stage, 'sim'>, operation: string, kind: FaultKind, times = 1): void {
  sim.faults.add({ id: `fault of ${operation}`, server: 'hmc', operation, when: { times }, kind });
}

describe.each(machines)('on a %s, dpm server resize', (machine) => {
  it('gives a running server processors and memory up to its maximum at once, and then changes nothing', async () => {
    await using stage = await startStage({ machine });
    const { dpm, sim } = stage;
    await dpm(...create, '--property', 'dpm:maximum_memory=8192');
    sim.log.clear();

    const resized = await dpm(...words('server resize web1 --vcpus 4 --memory 7000'));

    expect(resized).toMatchObject({
      code: 0,
      printed: { name: 'web1', status: 'ACTIVE', vcpus: 4, memory_mb: 7168, task_state: null },
    });
    expect(resized.stderr).toContain('rounded up from 7000 to 7168 MiB');
    expect(changes(stage)).toEqual(['Update Partition Properties']);
    expect(sizeOf(stage)).toEqual({ ifls: 4, memory: 7168, maximum: 8192, status: 'active' });
    sim.log.clear();
    expect(await dpm(...words('server resize web1 --vcpus 4 --memory 7168'))).toMatchObject({ code: 0 });
    expect(changes(stage)).toEqual([]);
  });

  it('changes nothing when the server would have to be stopped, says why, and stops it only with --restart', async () => {
    await using stage = await startStage({ machine });
    const { dpm, sim } = stage;
    await dpm(...create);
    const before = sim.snapshot();
    sim.log.clear();

    const refused = await dpm(...words('server resize web1 --vcpus 1 --memory 8192'));

    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'has to be stopped for this change: the maximum memory changes from 4096 to 8192 MiB',
    );
    expect(refused.stderr).toContain('dpm server resize --restart');
    expect(changes(stage)).toEqual([]);
    expect(sim.snapshot()).toEqual(before);
    const resized = await dpm(...words('server resize web1 --vcpus 1 --memory 8192 --restart'));
    expect(resized).toMatchObject({ code: 0, printed: { status: 'ACTIVE', vcpus: 1, memory_mb: 8192 } });
    expect(changes(stage)).toEqual(['Stop Partition', 'Update Partition Properties', 'Start Partition']);
    expect(sizeOf(stage)).toEqual({ ifls: 1, memory: 8192, maximum: 8192, status: 'active' });
    expect((await dpm(...words('server resize web1 --memory 2048'))).stderr).toContain(
      'the memory shrinks from 8192 to 2048 MiB',
    );
  });

  it('resizes a stopped server without a start', async () => {
    await using stage = await startStage({ machine });
    const { dpm } = stage;
    await dpm(...create, '--no-start');

    const resized = await dpm(...words('server resize web1 --memory 2048'));

    expect(resized).toMatchObject({ code: 0, printed: { status: 'SHUTOFF', vcpus: 2, memory_mb: 2048 } });
    expect(sizeOf(stage)).toEqual({ ifls: 2, memory: 2048, maximum: 2048, status: 'stopped' });
  });

  it.each([
    ['Update Partition Properties', { type: 'refuse', status: 409, reason: 116 }],
    ['Start Partition', { type: 'job', outcome: 'failed', status: 500, reason: 1, effect: 'none' }],
  ] as const)('gives the server its old size again, running, when %s fails', async (operation, kind) => {
    await using stage = await startStage({ machine });
    const { dpm, sim } = stage;
    silenceGuest(stage);
    await dpm(...create);
    fail(stage, operation, kind);

    const failed = await dpm(...words('server resize web1 --memory 8192 --restart'));

    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/rolled back/);
    expect(sizeOf(stage)).toEqual({ ifls: 2, memory: 4096, maximum: 4096, status: 'active' });
    expect(await dpm('server', 'show', 'web1')).toMatchObject({
      printed: { status: 'ACTIVE', task_state: null, vcpus: 2, memory_mb: 4096, fault: { code: 'FLOW_ROLLED_BACK' } },
    });
    expect(await dpm('verify')).toMatchObject({ code: 0 });
    expect(sim.hmc.model.all('partition')).toHaveLength(1);
  });
});

describe('dpm server resize', () => {
  it('claims the larger size among the servers of the CPC subset, before anything is changed', async () => {
    await using stage = await startStage({ set: { 'dpm.max_processors': '4', 'dpm.max_memory': '10240' } });
    const { dpm, sim } = stage;
    await dpm(...create);
    await dpm(...words('server create web2 --vcpus 1 --memory 4096 --volume boot-2'));
    const before = sim.snapshot();

    const tooMuch = await dpm(...words('server resize web1 --vcpus 4'));

    expect(tooMuch.code).toBe(1);
    expect(tooMuch.stderr).toContain('4 vCPUs do not fit into the CPC subset: 1 of 4 are taken');
    expect(sim.snapshot()).toEqual(before);
    expect(await dpm(...words('server resize web1 --vcpus 3'))).toMatchObject({ code: 0 });
    expect((await dpm(...words('server resize web2 --vcpus 2'))).code).toBe(1);
  });

  it('gives the partition the size even if an administrator has changed it', async () => {
    await using stage = await startStage();
    const { dpm } = stage;
    await dpm(...create);
    partition(stage).props['ifl-processors'] = 1;

    expect(await dpm(...words('server resize web1 --vcpus 2'))).toMatchObject({ code: 0 });

    expect(sizeOf(stage)).toMatchObject({ ifls: 2 });
  });

  it.each([
    ['no size', 'server resize web1', 2, 'expected at least one'],
    ['no processors', 'server resize web1 --vcpus 0', 2, 'from 1 to'],
    ['more memory than its maximum', 'server resize web1 --memory 9000', 2, 'above property "dpm:maximum_memory"'],
    ['a server that does not exist', 'server resize web9 --vcpus 1', 3, 'server "web9" does not exist'],
  ])('refuses %s', async (_what, line, code, text) => {
    await using stage = await startStage();
    const { dpm, sim } = stage;
    await dpm(...create, '--property', 'dpm:maximum_memory=8192');
    const before = sim.snapshot();

    const refused = await dpm(...words(line));

    expect(refused.code).toBe(code);
    expect(refused.stderr).toContain(text);
    expect(sim.snapshot()).toEqual(before);
  });
});
