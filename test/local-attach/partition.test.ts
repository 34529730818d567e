import { describe, expect, test } from 'vitest';
import { openHmcSession } from '../../src/hmc-client/index.ts';
import { neverAborted, Secret } from '../../src/base/index.ts';
import { startStage } from '../support/stage.ts';
import type { Stage, StageOptions } from '../support/stage.ts';

const w = { signal: neverAborted() };

/** Somebody else's partition, stopped, without a port. */
async function withForeignPartition(options: StageOptions): Promise<Stage & { readonly partitionUri: string }> {
  const stage = await startStage(options);
  const { hmc: own } = stage.sim;
  const settings = stage.sim.settings().dpm;
  await using hmc = openHmcSession({
    urls: [own.url],
    userid: String(settings?.hmc_username),
    password: async () => new Secret(String(settings?.hmc_password)),
    tls: { ca: stage.sim.ca?.pem },
  });
  const partition = {
    name: 'payroll',
    description: 'hands off',
    type: 'linux' as const,
    iflProcessors: 1,
    processorMode: 'shared' as const,
    initialMemory: 1024,
    maximumMemory: 1024,
  };
  const partitionUri = await hmc.partitions.create(`/api/cpcs/${own.cpcObjectId}`, partition, w);
  return Object.assign(stage, { partitionUri });
}

const machines = [
  { name: 'z13', options: { machine: 'z13' } },
  { name: 'z16', options: { machine: 'z16' } },
  { name: 'z13, Cinder of old', options: { machine: 'z13', cinder: { maxMicroversion: '3.43' } } },
  { name: 'z16, Cinder of old', options: { machine: 'z16', cinder: { maxMicroversion: '3.43' } } },
] as const satisfies readonly { name: string; options: StageOptions }[];

/** The partition is stopped, so that its ports are not logged in; a path between fabrics is none all the same. */
function stateOf(machine: 'z13' | 'z16'): unknown {
  return machine === 'z13' ? 'idle' : (expect.stringMatching(/^(?:idle|target-unreachable)$/) as unknown);
}

describe.each(machines)('a partition of a $name', ({ options }) => {
  test('gets a volume and its ports, twice the same, and gives back all of it', async () => {
    await using stage = await withForeignPartition(options);
    const before = stage.sim.snapshot();

    const attached = await stage.dpm('local-attach', 'data-1', '--partition', 'payroll');
    expect(attached, attached.stderr).toMatchObject({ code: 0, printed: { partition: 'payroll', mode: 'rw' } });
    expect(attached.printed).toHaveProperty('paths.0.device_number', expect.stringMatching(/^[0-9a-f]{4}$/));
    const while1 = stage.sim.snapshot();
    const again = await stage.dpm('local-attach', 'data-1', '--partition', 'payroll');
    expect(again.printed).toEqual(attached.printed);
    expect(stage.sim.snapshot()).toEqual(while1);
    expect(await stage.dpm('verify')).toMatchObject({ code: 0, printed: [] });
    const { paths } = attached.printed as { paths: readonly object[] }; // as interfaces.md section 3 has it
    const states = paths.map((path) => ({
      ...path,
      ...{ connector: 'payroll', kind: 'partition', server: null, state: stateOf(options.machine) },
    }));
    expect((await stage.dpm('volume', 'paths', 'data-1')).printed).toMatchObject(states);
    expect((await stage.dpm('volume', 'list-paths', '--partition', 'payroll')).printed).toMatchObject(states);
    expect((await stage.dpm('volume', 'search-path', '--partition', 'payroll')).printed).toMatchObject([
      { connector: 'payroll', search_path: stage.partitionUri },
    ]);
    expect(stage.sim.snapshot(), 'a look changes nothing').toEqual(while1);

    const connector = await stage.dpm('get-connector', '--partition', 'payroll');
    expect(connector.printed).toMatchObject({ host: stage.partitionUri.split('/').at(-1), os_type: 'linux' });

    const second = await stage.dpm('local-attach', 'data-2', '--partition', 'payroll');
    expect(second, second.stderr).toMatchObject({ code: 0 });
    expect(await stage.dpm('local-detach', 'data-1', '--partition', 'payroll')).toMatchObject({ code: 0 });
    const gone = await stage.dpm('local-detach', 'data-2', '--partition', 'payroll');
    expect(gone, gone.stderr).toMatchObject({ code: 0, printed: { detached: true, left_behind: [] } });

    expect(stage.sim.snapshot()).toEqual(before);
    expect((await stage.dpm('volume', 'paths', 'data-1', '--partition', 'payroll')).printed).toEqual([]);
    expect(await stage.dpm('verify')).toMatchObject({ code: 0, printed: [] });
    const twice = await stage.dpm('local-detach', 'data-2', '--partition', 'payroll');
    expect(twice).toMatchObject({ code: 0, printed: { detached: false } });
  });
});

test('what cannot be enforced, or is an instance, is refused before anything is changed', async () => {
  await using stage = await withForeignPartition({ machine: 'z13' });
  const created = await stage.dpm('server', 'create', 'web1', '--vcpus', '1', '--memory', '1024', '--volume', 'boot-1');
  expect(created.code).toBe(0);
  const { partition } = created.printed as { partition: string }; // as interfaces.md section 3 has it
  const before = stage.sim.snapshot();

  const readOnly = await stage.dpm('local-attach', 'data-1', '--partition', 'payroll', '--mode', 'ro');
  expect(readOnly).toMatchObject({ code: 2, printed: { error: { code: 'CONFIG' } } });
  const instance = await stage.dpm('local-attach', 'data-1', '--partition', partition);
  expect(instance).toMatchObject({ code: 1, printed: { error: { code: 'CONFLICT' } } });
  expect(instance.stderr).toContain('dpm server add volume');
  expect(await stage.dpm('local-attach', 'data-1', '--partition', 'nobody')).toMatchObject({ code: 3 });
  expect(await stage.dpm('local-attach', 'nothing', '--partition', 'payroll')).toMatchObject({ code: 3 });
  expect(await stage.dpm('get-connector', '--partition', 'payroll')).toMatchObject({ code: 3 });
  const foreign = await stage.dpm('local-detach', 'boot-1', '--partition', 'payroll');
  expect(foreign, 'the volume of the server').toMatchObject({ code: 1, printed: { error: { code: 'CONFLICT' } } });

  expect(stage.sim.snapshot()).toEqual(before);
});
