import { describe, expect, it } from 'vitest';
import { DriverBench } from '../../bench/driver.ts';
import { context } from '../../bench/requests.ts';
import { quickPolicies } from '../support/quick-policies.ts';
import { startStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

/** Name, description and properties of a server, as users change them; and Nova's resize. */

const machines = ['z13', 'z14', 'z16', 'z17'] as const;

const words = (line: string) => line.split(' ');
const create = words('server create web1 --vcpus 2 --memory 4096 --volume boot-1');
const propertiesOf = (...pairs: readonly string[]) => pairs.flatMap((pair) => ['--property', pair]);

function propsOf({ sim }: Stage) {
  return sim.hmc.model.all('partition')[0]!.props;
}

/** The capacity groups `web` and `batch`, and the name of the crypto adapter. */
function equip({ sim }: Stage) {
  const { model } = sim.hmc;
  const cpc = model.all('cpc')[0]!;
  const groups = ['web', 'batch'].map((name) => {
    const uri = `${cpc.uri}/capacity-groups/${name}`;
    const caps = { 'capping-enabled': true, 'absolute-ifl-proc-cap': 4, 'absolute-general-purpose-proc-cap': 0 };
    return model.add('capacity-group', cpc.uri, {
      ...{ name, 'short-name': name.toUpperCase(), description: '', ...caps, 'partition-uris': [] },
      ...{ 'element-id': name, 'element-uri': uri, class: 'capacity-group', parent: cpc.uri },
    });
  });
  const crypto = model.all('adapter').find(({ props }) => props['adapter-family'] === 'crypto')!;
  const members = () => groups.map(({ props }) => props['partition-uris']);
  return { adapter: crypto.props.name as string, adapterUri: crypto.uri, members };
}

describe.each(machines)('on a %s', (machine) => {
  it('a server is created with its processor properties, crypto domains and capacity group', async () => {
    await using stage = await startStage({ machine });
    const { dpm, sim } = stage;
    const { adapter, adapterUri, members } = equip(stage);
    const before = sim.snapshot();

    const created = await dpm(
      ...create,
      ...propertiesOf('dpm:initial_processing_weight=200', 'dpm:absolute_processor_capping=1.5'),
      ...propertiesOf('dpm:maximum_memory=16000', 'dpm:reserve_resources=true', 'dpm:capacity_group=web'),
      ...propertiesOf(`dpm:crypto_adapters=${adapter}`, 'dpm:crypto_usage_domains=0-1', 'dpm:crypto_control_domains=5'),
    );

    expect(created).toMatchObject({ code: 0, printed: { status: 'ACTIVE' } });
    expect(propsOf(stage)).toMatchObject({
      'processor-mode': 'shared',
      'initial-ifl-processing-weight': 200,
      'ifl-absolute-processor-capping': true,
      'ifl-absolute-processor-capping-value': 1.5,
      'initial-memory': 4096,
      'maximum-memory': 16384,
      'reserve-resources': true,
      'crypto-configuration': {
        'crypto-adapter-uris': [adapterUri],
        'crypto-domain-configurations': [
          { 'domain-index': 5, 'access-mode': 'control' },
          { 'domain-index': 0, 'access-mode': 'control-usage' },
          { 'domain-index': 1, 'access-mode': 'control-usage' },
        ],
      },
    });
    expect(members()).toEqual([[propsOf(stage)['object-uri']], []]);
    expect(await dpm('server', 'delete', 'web1')).toMatchObject({ code: 0 });
    expect(sim.snapshot().hmc.partition).toEqual(before.hmc.partition);
  });

  it('a running server changes its properties, group and domains, and has the defaults again without them', async () => {
    await using stage = await startStage({ machine });
    const { dpm } = stage;
    const { adapter, members } = equip(stage);
    await dpm(...create);
    const before = { ...propsOf(stage) };

    const set = await dpm(
      ...words('server set web1'),
      ...propertiesOf('dpm:maximum_processing_weight=500', 'dpm:processing_weight_capped=true', 'dpm:boot_timeout=120'),
      ...propertiesOf('dpm:capacity_group=batch', `dpm:crypto_adapters=${adapter}`, 'dpm:crypto_usage_domains=3'),
    );

    expect(set).toMatchObject({ code: 0, printed: { properties: { 'dpm:boot_timeout': '120' } } });
    expect(set.stderr).toContain('property "dpm:boot_timeout" takes effect at the next start of the server');
    expect(propsOf(stage)).toMatchObject({
      'maximum-ifl-processing-weight': 500,
      'ifl-processing-weight-capped': true,
      'boot-timeout': 120,
      'crypto-configuration': {
        'crypto-domain-configurations': [{ 'domain-index': 3, 'access-mode': 'control-usage' }],
      },
    });
    expect(members()).toEqual([[], [propsOf(stage)['object-uri']]]);
    const keys = ['maximum_processing_weight', 'processing_weight_capped', 'boot_timeout', 'capacity_group'];
    const all = [...keys, 'crypto_adapters', 'crypto_usage_domains'].map((key) => `dpm:${key}`);
    expect(await dpm(...words('server unset web1'), ...propertiesOf(...all))).toMatchObject({
      code: 0,
      printed: { properties: {} },
    });
    expect(propsOf(stage)).toEqual(before);
    expect(members()).toEqual([[], []]);
  });

  it('a server changes its processor mode only while it is stopped', async () => {
    await using stage = await startStage({ machine });
    const { dpm } = stage;
    await dpm(...create);
    const dedicate = [...words('server set web1'), ...propertiesOf('hw:cpu_policy=dedicated')];

    const refused = await dpm(...dedicate);

    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('has to be stopped for this change: the processors become dedicated');
    expect(propsOf(stage)['processor-mode']).toBe('shared');
    await dpm('server', 'stop', 'web1');
    expect(await dpm(...dedicate)).toMatchObject({ code: 0 });
    expect(propsOf(stage)['processor-mode']).toBe('dedicated');
    expect(await dpm('server', 'start', 'web1')).toMatchObject({ code: 0, printed: { status: 'ACTIVE' } });
  });

  it('Nova resizes on the same host, reverts, and cannot go to another one', async () => {
    const volumes = [{ name: 'volume-0', size: 1, bootable: true }];
    await using bench = await DriverBench.open({ machine, volumes }, quickPolicies);
    const { driver } = bench;
    const instance = bench.instance();
    await bench.spawn(instance);
    const { flavor: oldFlavor } = instance;
    const newFlavor = { vcpus: 3, memoryMb: 8192, extraSpecs: { 'dpm:processor_mode': 'dedicated' } };
    const size = () => {
      const { props } = bench.sim.hmc.model.all('partition')[0]!;
      return [props['ifl-processors'], props['initial-memory'], props['processor-mode'], props.status];
    };
    const before = size();

    const elsewhere = driver.migrateDiskAndPowerOff!(context, instance, 'compute2', newFlavor, null);
    await expect(elsewhere).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED', novaException: 'InstanceFaultRollback' });
    expect(size()).toEqual(before);
    await driver.migrateDiskAndPowerOff!(context, instance, 'compute1', newFlavor, null);
    expect(size()).toEqual([...before.slice(0, 3), 'stopped']);
    const resized = { ...instance, flavor: newFlavor, oldFlavor };
    await driver.finishMigration!(context, null, resized, '', null, null, true, null);
    expect(size()).toEqual([3, 8192, 'dedicated', 'active']);
    await driver.finishRevertMigration!(context, { ...instance, newFlavor }, null, null);
    expect(size()).toEqual(before);
  });
});

describe('dpm server set', () => {
  it('renames a server, its partition in the description only, unless an administrator has edited that', async () => {
    await using stage = await startStage();
    const { dpm } = stage;
    await dpm(...create);
    const { name } = propsOf(stage);

    const renamed = await dpm('server', 'set', 'web1', '--name', 'shop1', '--description', 'web server of the shop');

    expect(renamed).toMatchObject({ code: 0, printed: { name: 'shop1', description: 'web server of the shop' } });
    expect(propsOf(stage)).toMatchObject({ name, description: 'OpenStack CPCSubset=compute1 (server shop1)' });
    expect(await dpm('server', 'show', 'web1')).toMatchObject({ code: 3 });
    propsOf(stage).description = 'OpenStack CPCSubset=compute1: ask Ann';
    expect(await dpm('server', 'set', 'shop1', '--name', 'shop2', '--description', '')).toMatchObject({
      code: 0,
      printed: { name: 'shop2', description: null },
    });
    expect(propsOf(stage)).toMatchObject({ description: 'OpenStack CPCSubset=compute1: ask Ann' });
  });

  it('gives the server its old properties again when a request fails', async () => {
    await using stage = await startStage();
    const { dpm, sim } = stage;
    equip(stage);
    await dpm(...create);
    const before = { ...propsOf(stage) };
    const kind = { type: 'refuse', status: 409, reason: 170 } as const;
    sim.faults.add({ id: 'no', server: 'hmc', operation: 'Add Partition to Capacity Group', when: { times: 1 }, kind });

    const failed = await dpm(...words('server set web1 --name shop1'), ...propertiesOf('dpm:capacity_group=web'));

    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('rolled back');
    expect(propsOf(stage)).toEqual(before);
    expect(await dpm('server', 'show', 'web1')).toMatchObject({ code: 0, printed: { properties: {} } });
  });

  it.each([
    ['nothing', [], 2, 'nothing to change'],
    ['an unknown key', propertiesOf('dpm:colour=red'), 2, 'is not known, expected one of'],
    ['a wrong value', propertiesOf('dpm:boot_timeout=1'), 2, 'expected a whole number from 60 to 600 seconds'],
    ['a contradiction', propertiesOf('dpm:minimum_processing_weight=200'), 2, 'above the initial weight'],
    ['a property that only a create sets', propertiesOf('dpm:storage_group=g'), 2, 'cannot be changed'],
    ['a property of a boot source', propertiesOf('dpm:boot_from=network'), 2, '--boot-from'],
    ['a maximum below the memory', propertiesOf('dpm:maximum_memory=1024'), 2, 'above property "dpm:maximum_memory"'],
    ['a group that does not exist', propertiesOf('dpm:capacity_group=nobody'), 3, 'it has: web, batch'],
    [
      'an adapter that does not exist',
      propertiesOf('dpm:crypto_adapters=x', 'dpm:crypto_usage_domains=0'),
      3,
      'has no crypto adapter "x"',
    ],
    ['secure boot on a machine without it', propertiesOf('dpm:secure_boot=true'), 1, 'secure-boot'],
    ['the name of another server', ['--name', 'web2'], 1, 'server "web2" already exists'],
  ])('refuses %s before anything is changed', async (_what, options, code, text) => {
    await using stage = await startStage({ machine: 'z13' });
    const { dpm, sim } = stage;
    equip(stage);
    await dpm(...create);
    await dpm(...words('server create web2 --vcpus 1 --memory 1024 --volume boot-2'));
    const before = sim.snapshot();

    const refused = await dpm('server', 'set', 'web1', ...options);

    expect(refused.stderr).toContain(text);
    expect(refused.code).toBe(code);
    expect(sim.snapshot()).toEqual(before);
  });
});
