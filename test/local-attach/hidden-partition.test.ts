/* Local detach from a partition that the HMC user may not see. */
import { expect, it } from 'vitest';
import { describeError } from '../../src/base/index.ts';
import { cpcUriOf, openSession, w } from '../support/hmc-session.ts';
import { outcomeOf } from '../support/ownership.ts';
import { startWorld } from '../support/world.ts';

it.each(['z13', 'z16'] as const)(
  'on a %s, does not detach a volume from a hidden running partition, and detaches it when the user may see it',
  async (machine) => {
    const hidden: string[] = [];
    const hmcUsers = [{ userid: 'nova', password: 'nova-on-z', hidden }];
    await using world = await startWorld({ machine, hmcUsers });
    const { context, sim } = world;
    await using hmc = openSession(sim);
    const size = { iflProcessors: 1, initialMemory: 1024, maximumMemory: 1024 };
    const uri = await hmc.partitions.create(cpcUriOf(sim), { name: 'payroll', ...size }, w);
    const before = sim.snapshot();
    await using manager = await world.open();
    const request = { volume: 'data-1', partition: 'payroll', multipath: true, enforceMultipath: false };
    await manager.localAttach({ ...request, mode: 'rw' }, context);
    const props = sim.hmc.model.find('partition', uri)!.props;
    Object.assign(props, { status: 'active' });
    const attached = sim.snapshot();
    hidden.push(uri);

    const outcome = await outcomeOf(manager.localDetach({ ...request, force: false }, context));

    expect(describeError(outcome)).toContain(uri);
    expect(outcome).toMatchObject({ code: 'FLOW_ROLLED_BACK' });
    expect(sim.snapshot()).toEqual(attached);
    expect(await manager.listFlows({ open: true })).toEqual([]);

    hidden.length = 0;
    await manager.localDetach({ ...request, force: false }, context);
    Object.assign(props, { status: 'stopped' });
    expect(sim.snapshot()).toEqual(before);
  },
);
