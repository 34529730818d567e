import { describe, expect, it } from 'vitest';
import { ConfigError, describeError } from '../../src/base/index.ts';
import { settingsFor, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const OPTION = 'dpm.physical_storage_adapter_mappings';
const NOWHERE = '00000000-0000-4000-8000-000000000000';

function mappings({ sim }: World): string[] {
  return [sim.settings().dpm.physical_storage_adapter_mappings ?? []].flat();
}

function adapterId({ sim }: World, isMeant: (type: unknown) => boolean): string {
  const id = sim.hmc.model.all('adapter').find(({ props }) => isMeant(props.type))?.props['object-id'];
  return typeof id === 'string' ? id : '';
}

/** Machines are made alike: what one has, the next has. */
async function secondFcpAdapter(machine: 'z13' | 'z16'): Promise<string> {
  await using world = await startWorld({ machine });
  const id = (mappings(world)[1] ?? '').split(':')[0];
  const name = world.sim.hmc.model.all('adapter').find(({ props }) => props['object-id'] === id)?.props.name;
  return typeof name === 'string' ? name : '';
}

const wrong = [
  {
    what: 'an adapter that does not exist',
    mapping: () => `${NOWHERE}:0`,
    says: 'there is no such adapter, or the user has no object access permission to it',
  },
  {
    what: 'an adapter that is not FCP',
    mapping: (world: World) => `${adapterId(world, (type) => type === 'osd')}:0`,
    says: 'is of type osd',
  },
  {
    what: 'a port that the adapter does not have',
    mapping: (world: World) => (mappings(world)[0] ?? '').replace(/:0$/, ':3'),
    says: 'has no such port; its ports: 0',
  },
];

describe.each(['z13', 'z16'] as const)('on a %s', (machine) => {
  it.each(wrong)(
    'at the start of the host, $what is named, and the FCP ports of the CPC are listed',
    async (sample) => {
      await using world = await startWorld({ machine });
      const bad = sample.mapping(world);
      const [good = ''] = mappings(world);
      const before = world.sim.snapshot();

      const opening = world.open({ settings: settingsFor(world.sim, { [OPTION]: [good, bad], ...stateOf(world) }) });
      const failure: unknown = await opening.catch((error: unknown) => error);

      expect(failure).toBeInstanceOf(ConfigError);
      expect(describeError(failure)).toContain(`${OPTION} names "${bad}" (`);
      expect(describeError(failure)).toContain(sample.says);
      for (const port of mappings(world)) expect(describeError(failure)).toContain(`${port} (FCP `);
      expect(failure).toHaveProperty('facts.value', [bad]);
      expect(world.sim.snapshot()).toEqual(before);
      expect(world.sim.log.byOperation()).not.toHaveProperty('Create Partition');
    },
  );

  it('an adapter that the HMC user may not see is named, and the visible ports are listed', async () => {
    const name = await secondFcpAdapter(machine);
    const user = { userid: 'dpm', password: 'dpm-password', hidden: [name] };
    await using world = await startWorld({ machine, hmcUsers: [user] });
    const [good = '', hidden = ''] = mappings(world);

    const failure: unknown = await world.open().catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(ConfigError);
    expect(describeError(failure)).toContain(`names "${hidden}" (there is no such adapter, or the user has no object`);
    expect(describeError(failure)).toContain(`${good} (FCP `);
    expect(describeError(failure)).not.toContain(`(${name})`);
  });

  it('checking correct ports costs one request for each adapter, in parallel', async () => {
    await using world = await startWorld({ machine });

    await using manager = await world.open();

    expect(await manager.list(world.context)).toEqual([]);
    expect(world.sim.log.byOperation()['Get Adapter Properties']).toBe(mappings(world).length);
    expect(world.sim.log.byOperation()).not.toHaveProperty('List Adapters of a CPC');
  });

  it('a command that only lists reads no adapter, and works with a wrong mapping', async () => {
    await using world = await startWorld({ machine });
    const settings = settingsFor(world.sim, { [OPTION]: [`${NOWHERE}:0`], ...stateOf(world) });

    await using manager = await world.open({ settings, access: 'read' });

    expect(await manager.list(world.context)).toEqual([]);
    expect(await manager.listPartitions({ all: false }, world.context)).toEqual([]);
    expect(world.sim.log.byOperation()).not.toHaveProperty('Get Adapter Properties');
  });
});

it('an adapter of another CPC is named', async () => {
  await using world = await startWorld({ machine: 'z16' });
  const [first = ''] = mappings(world);
  const adapter = world.sim.hmc.model.find('adapter', `/api/adapters/${first.split(':')[0] ?? ''}`);
  adapter!.props.parent = '/api/cpcs/another';

  const failure: unknown = await world.open().catch((error: unknown) => error);

  expect(describeError(failure)).toContain(`names "${first}" (adapter "`);
  expect(describeError(failure)).toContain('is not in CPC "');
});

/** The state directory of the world, so that settings of the test's own work on it. */
function stateOf({ statePath }: World) {
  return { 'DEFAULT.state_path': statePath };
}
