import { describe, expect, it } from 'vitest';
import type { ComputeManager } from '../../src/compute/index.ts';
import { changeRows, namedBy, outcomeOf, startOwnershipScene } from '../support/ownership.ts';
import type { Command, OwnershipScene } from '../support/ownership.ts';

/**
 * A person edits the partition of a server at the HMC while it runs. Whatever is asked for then: the server keeps its
 * disks until it is stopped, and nobody says that it is gone. What the simulators of HMC and SAN hold tells.
 */

/** Commands that change a server: refused while its partition is in doubt, and done while it is ours. */
const verbs: Readonly<Record<string, Command>> = {
  reboot: async (manager, { world }) => {
    await manager.reboot('web1', { hard: true }, world.context);
  },
  start: async (manager, { world }) => {
    await manager.start('web1', world.context);
  },
  'stop and start': async (manager, { world }) => {
    await manager.stop('web1', {}, world.context);
    await manager.start('web1', world.context);
  },
  'remove volume': async (manager, { world }) => await manager.removeVolume('web1', 'data-1', world.context),
  'add volume': async (manager, { world }) => await manager.addVolume('web1', 'data-2', {}, world.context),
};

/** Nothing of it changes anything, whether the partition is in doubt or not. */
async function expectShown(manager: ComputeManager, scene: OwnershipScene, doubt: string | undefined): Promise<void> {
  const { context } = scene.world;
  const { uri, props } = scene.partition()!;
  const [summary] = await manager.list(context);
  const shown = await manager.show('web1', context);
  const findings = await manager.verify(context);
  const told = JSON.stringify(findings);

  expect(summary).toMatchObject({ name: 'web1', status: 'ACTIVE' });
  expect(told).not.toContain('does not exist');
  if (doubt !== undefined) {
    expect(shown.partition_doubt).toContain(doubt);
    expect(findings).toMatchObject([
      { kind: 'server', name: 'web1', detail: expect.stringContaining('in doubt') as string, repair: null },
    ]);
    expect(told).toContain(doubt);
    return;
  }
  expect(summary?.power_state).toBe('running');
  expect(shown).toMatchObject({ partition_uri: uri, partition_status: 'active', power_state: 'running' });
  expect(shown).not.toHaveProperty('partition_doubt');
  expect(findings).toEqual([]);
  expect(await manager.listPartitions({ all: false }, context)).toMatchObject([
    { name: props.name, instance: scene.server.id },
  ]);
  expect(await manager.hypervisorShow(context)).toMatchObject({ vcpus_used: 1, running_vms: 1 });
}

/** Volumes without Nova are not for the partition of a server, whatever it is called. */
async function expectNotForLocalVolumes(manager: ComputeManager, scene: OwnershipScene): Promise<void> {
  const { context } = scene.world;
  const partition = scene.partition()!.props.name as string;
  const how = { partition, multipath: true, enforceMultipath: false };
  const attachmentId = scene.server.volumes[0]!.attachment_id!;

  const attached = await outcomeOf(manager.localAttach({ volume: 'data-2', mode: 'rw', ...how }, context));
  const detached = await outcomeOf(
    manager.localDetach({ volume: 'boot-1', attachmentId, force: false, ...how }, context),
  );

  expect(attached).toMatchObject({ code: expect.stringMatching(/^(CONFLICT|NOT_FOUND)$/) as string });
  expect(detached).toMatchObject({ code: expect.stringMatching(/^(CONFLICT|NOT_FOUND)$/) as string });
}

const rows = (['z13', 'z16'] as const).flatMap((machine) =>
  changeRows.flatMap(({ what, change }) =>
    (['recorded', 'without a record'] as const).map((record) => ({ machine, what, change, record })),
  ),
);

it.each(rows)(
  'on a $machine, a partition that is $what, $record: every command succeeds or refuses correctly, and the guest keeps its disks',
  async (row) => {
    const { machine, change, record } = row;
    await using scene = await startOwnershipScene(machine);
    const { world, expectAlive } = scene;
    const { context, sim } = world;
    const isDoubt = change.isDoubt === true;
    if (record === 'without a record') scene.loseRecords();
    scene.change(change);
    const doubt = isDoubt ? namedBy(row, scene) : undefined;
    const refused = { code: 'CONFLICT', message: expect.stringContaining(doubt ?? '') as string };
    {
      await using manager = await world.open({ access: 'read' }); // as a command that only shows
      await expectShown(manager, scene, doubt);
    }
    await using manager = await world.open();
    await expectShown(manager, scene, doubt);
    await expectNotForLocalVolumes(manager, scene);
    await manager.repair(await manager.verify(context), context);
    expectAlive('verify --repair');

    for (const [name, verb] of Object.entries(verbs)) {
      const before = sim.snapshot();
      const outcome = await outcomeOf(verb(manager, scene));
      if (isDoubt) expect(outcome, name).toMatchObject(refused);
      else expect(outcome, name).toBe('done');
      if (isDoubt) expect(sim.snapshot(), name).toEqual(before);
      expectAlive(name);
    }

    const before = sim.snapshot();
    const outcome = await outcomeOf(manager.delete('web1', context));
    if (isDoubt) {
      expect(outcome).toMatchObject(refused);
      expect(sim.snapshot()).toEqual(before);
      expectAlive('delete');
      expect(await manager.show('web1', context)).toMatchObject({ status: 'ACTIVE', task_state: null });
      return;
    }
    expect(outcome).toBe('done');
    expect(scene.partition()).toBeUndefined();
    expect(sim.snapshot().san.arrays.flatMap(({ masks }) => masks)).toEqual([]);
    expect(sim.hmc.snapshot()).toMatchObject({ partition: [], 'storage-group': [], hba: [] });
  },
);

describe.each(['z13', 'z16'] as const)('on a %s', (machine) => {
  it('following the advice of the message resolves the doubt', async () => {
    await using scene = await startOwnershipScene(machine);
    scene.change({ props: { description: 'OpenStack CPCSubset=compute2' } });
    await using manager = await scene.world.open();
    await expect(manager.delete('web1', scene.world.context)).rejects.toMatchObject({ code: 'CONFLICT' });

    scene.change({ props: { description: 'web server (OpenStack CPCSubset=compute1)' } });
    await manager.delete('web1', scene.world.context);

    expect(scene.partition()).toBeUndefined();
  });
});
