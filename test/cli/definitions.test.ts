import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startStage } from '../support/stage.ts';
import type { Printed } from '../support/stage.ts';

/** Definition files of zhmcclient, if they lie beside the project; they are its authors', and not copied. */
const samples = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'peers', 'zhmcclient');

interface Machine {
  readonly file: string;
  /** Storage model that the machine reports. */
  readonly model: 'hba' | 'storage-group';
  readonly api: string;
  readonly cpc: string;
  readonly groups?: string;
  /** Name, status, IFLs and MiB of the partitions, which are all somebody else's. */
  readonly partitions: readonly (readonly [string, string, number, number])[];
  /** A machine as it leaves the factory has no FCP adapter. */
  readonly hasFcp: boolean;
}

const p1 = ['p1', 'stopped', 0, 16384] as const;
const two = [
  ['PART1', 'stopped', 0, 4096],
  ['PART2', 'stopped', 0, 4096],
] as const;
const mock = { model: 'storage-group', cpc: 'CPC_DPM', groups: '1 group', partitions: two, hasFcp: true } as const;
const exported = { model: 'storage-group', groups: '0 groups', hasFcp: false } as const;

const machines: readonly Machine[] = [
  { file: 'mocked_hmc_z14.yaml', api: 'version 2.14.1, API 2.40', ...mock },
  { file: 'mocked_hmc_z16.yaml', api: 'version 2.16.0, API 4.10', ...mock },
  { file: 'mocked_hmc_z17.yaml', api: 'version 2.17.0, API 4.10', ...mock },
  {
    // It lists no firmware features, and so has none: vHBAs, whatever its generation.
    file: 'example_mocked_z16_dpm.yaml',
    model: 'hba',
    api: 'version 2.16.0, API 4.10',
    cpc: 'CPC1',
    partitions: [['PART1', 'active', 2, 4096]],
    hasFcp: true,
  },
  {
    ...exported,
    file: 'dpm-export-1p-1sg.json',
    api: 'version 2.17.0, API 4.40',
    cpc: 'EXPORT',
    groups: '1 group',
    partitions: [p1],
  },
  {
    ...exported,
    file: 'dpm-export-1p-crypto-net.json',
    api: 'version 2.16.0, API 4.10',
    cpc: 'EXPORT',
    partitions: [['p1', 'stopped', 0, 4096]],
  },
  { ...exported, file: 'dpm-export-1-ctc-p2p.json', api: 'version 2.16.0, API 4.10', cpc: 'CPC1', partitions: [] },
  { ...exported, file: 'dpm-export-noconfig.json', api: 'version 2.16.0, API 4.10', cpc: 'CPC1', partitions: [] },
];

const boot = ['server', 'create', 'web1', '--vcpus', '1', '--memory', '1024', '--volume', 'boot-1'];

describe.skipIf(!existsSync(samples)).each(machines)('on the machine of $file', (machine) => {
  const { file, model, api, cpc, groups, partitions, hasFcp } = machine;
  const definition = join(samples, file);

  test('doctor, list, show and hypervisor show agree with the file, and change nothing', async () => {
    await using stage = await startStage({ definition });
    const { sim, dpm } = stage;
    const before = sim.snapshot();

    const doctor = await dpm('doctor');
    const ran = {
      servers: await dpm('server', 'list'),
      hypervisor: await dpm('hypervisor', 'show'),
      own: await dpm('partition', 'list'),
      all: await dpm('partition', 'list', '--all'),
      verify: await dpm('verify'),
    };
    const unknown = await dpm('server', 'show', 'PART1');

    const checks = doctor.printed as Printed[];
    const detailOf = (name: string) => checks.find(({ check }) => String(check).startsWith(name))?.detail;
    expect(detailOf('hmc ')).toContain(api);
    expect(detailOf('storage model')).toMatch(model === 'hba' ? /^vHBAs, 1 for/ : new RegExp(`; ${groups} visible$`));
    expect(detailOf('partitions')).toBe(`${partitions.length} visible`);
    expect(checks.some(({ check }) => check === `cpc ${cpc}`)).toBe(true);
    expect(Object.values(ran).map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(ran.servers.printed).toEqual([]);
    expect(ran.own.printed).toEqual([]);
    expect(ran.verify.printed).toEqual([]);
    const seen = (ran.all.printed as Printed[]).map((each) => [
      each.name,
      each.status,
      each.processors,
      each.memory_mb,
      each.instance,
    ]);
    expect(seen).toEqual(partitions.map((each) => [...each, null]));
    expect(ran.hypervisor.printed).toMatchObject({ cpc, storage_model: model, vcpus_used: 0, running_vms: 0 });
    expect(unknown).toMatchObject({ code: 3, printed: { error: { code: 'NOT_FOUND', left_behind: [] } } });
    expect(sim.snapshot()).toEqual(before);
    const failing = checks.filter(({ status }) => status === 'fail');
    if (hasFcp) {
      expect({ code: doctor.code, failing }).toEqual({ code: 0, failing: [] });
      return;
    }
    // What can be said of a machine without FCP adapters: which cards there are, and that they could be made such.
    expect({ code: doctor.code, failing }).toEqual({ code: 0, failing: [] });
    expect(checks.find(({ check }) => check === 'adapter ports')).toMatchObject({
      status: 'warn',
      advice: expect.stringMatching(
        /no FCP adapter.*can be changed to FCP on the HMC: .*\((?:not-configured|fc)\)/,
      ) as string,
    });
    expect(sim.settings().dpm.physical_storage_adapter_mappings).toEqual([]);
  });

  test.runIf(hasFcp)('a server is created beside what is there, and goes without a trace', async () => {
    await using stage = await startStage({ definition });
    const { sim, dpm } = stage;
    const before = sim.snapshot();

    const created = await dpm(...boot);
    const listed = await dpm('partition', 'list', '--all');
    const deleted = await dpm('server', 'delete', 'web1');

    expect(created, created.stderr).toMatchObject({ code: 0, printed: { status: 'ACTIVE', storage_model: model } });
    expect(listed.printed).toHaveLength(partitions.length + 1);
    expect(deleted.code, deleted.stderr).toBe(0);
    expect(sim.snapshot()).toEqual(before);
  });

  test.runIf(!hasFcp)('a server that cannot be connected is refused, and leaves nothing', async () => {
    await using stage = await startStage({ definition });
    const { sim, dpm } = stage;
    const before = sim.snapshot();

    const created = await dpm(...boot);
    await dpm('server', 'delete', 'web1');

    expect(created.code).toBe(1);
    expect(created.stderr).toContain('dpm.physical_storage_adapter_mappings names no adapter port');
    expect(created.printed).toMatchObject({ error: { left_behind: [] } });
    expect(sim.snapshot()).toEqual(before);
  });
});
