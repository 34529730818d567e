import { expect, it } from 'vitest';
import { describeError } from '../../src/base/index.ts';
import { openSession, w } from '../support/hmc-session.ts';
import { outcomeOf } from '../support/ownership.ts';
import { createPayroll, PAYROLL } from '../support/payroll.ts';
import { startWorld } from '../support/world.ts';

/** What adapters tell of connections in use decides whether a partition that is not seen may be a hidden one. */

const size = { vcpus: 1, memoryMib: 1024 };

const others = [
  { what: 'stopped and keeps its resources', props: { status: 'stopped', 'reserve-resources': true } },
  { what: 'stopped', props: { status: 'stopped' } },
  { what: 'running', props: { status: 'active' } },
  { what: 'in an unknown state', props: { status: 'status-check' } },
  { what: 'not communicating', props: { status: 'communications-not-active' } },
];
const rows = (['z13', 'z16'] as const).flatMap((machine) => others.map((other) => ({ machine, ...other })));

/** Server "web1", whose partition is deleted on the HMC, beside the partition of server "web2". */
async function startBeside(machine: 'z13' | 'z16', props: object) {
  const hidden: string[] = [];
  const hmcUsers = [{ userid: 'nova', password: 'nova-on-z', hidden }];
  const world = await startWorld({ machine, hmcUsers });
  const { sim, context } = world;
  await using hmc = openSession(sim);
  await using manager = await world.open();
  const create = async (name: string, volumeId: string) =>
    (await manager.create({ name, ...size, volumes: [{ volumeId }] }, context)).partition_uri!;
  const other = await create('web2', 'boot-2');
  Object.assign(sim.hmc.model.find('partition', other)!.props, props);
  const lost = await create('web1', 'boot-1');
  const { 'storage-group-uris': groups = [] } = sim.hmc.model.find('partition', lost)!.props;
  await manager.stop('web1', {}, context);
  for (const uri of groups as string[]) await hmc.partitions.detachStorageGroup(lost, uri, w);
  await hmc.partitions.delete(lost, w);
  return { world, hide: () => hidden.push(other) };
}

it.each(rows)(
  'on a $machine, a server whose partition was deleted can be deleted although a visible partition is $what',
  async ({ machine, props }) => {
    const { world } = await startBeside(machine, props);
    await using _ = world;
    await using manager = await world.open();

    await expect(outcomeOf(manager.delete('web1', world.context))).resolves.toBe('done');
  },
);

it.each(rows.filter(({ props }) => props.status === 'active' || props['reserve-resources'] === true))(
  'on a $machine, a server without a visible partition is in doubt while a hidden partition is $what',
  async ({ machine, props }) => {
    const { world, hide } = await startBeside(machine, props);
    await using _ = world;
    hide();
    await using manager = await world.open();

    const outcome = await outcomeOf(manager.delete('web1', world.context));

    expect(outcome).toMatchObject({ code: 'CONFLICT' });
    expect(describeError(outcome)).toMatch(
      /adapter "FCP .*" has 1 connection in use, 1 of them by partitions or storage groups that the user may not see/,
    );
  },
);

it('on a z13, a volume of a hidden partition without a server is in doubt, and is not detached', async () => {
  const hidden: string[] = [];
  const hmcUsers = [{ userid: 'nova', password: 'nova-on-z', hidden }];
  await using world = await startWorld({ machine: 'z13', hmcUsers });
  const { sim, context } = world;
  const uri = await createPayroll(world);
  await using manager = await world.open();
  const how = { volume: 'data-1', partition: PAYROLL, multipath: true, enforceMultipath: false };
  await manager.localAttach({ ...how, mode: 'rw' }, context);
  Object.assign(sim.hmc.model.find('partition', uri)!.props, { status: 'active' });
  hidden.push(uri);
  const { hmc, san } = sim.snapshot();

  const outcome = await outcomeOf(manager.localDetach({ ...how, force: false }, context));

  const said = `partition "${PAYROLL}" is in doubt: this HMC user does not see it \\(${uri}\\), and adapter .* Nothing was changed`;
  expect(describeError(outcome)).toMatch(new RegExp(said));
  expect(sim.snapshot()).toMatchObject({ hmc, san });
});
