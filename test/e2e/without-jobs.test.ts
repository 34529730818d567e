import { describe, expect, test } from 'vitest';
import type { Printed } from '../support/stage.ts';
import { startStage } from '../support/stage.ts';

/*
 * An HMC whose operations end with their answer instead of a job, as the mock of python-zhmcclient does. What that client
 * accepts, we accept.
 */
describe.each(['z13', 'z16'] as const)('an HMC without jobs, %s', (machine) => {
  test('creates, stops, starts and deletes a server, and leaves nothing behind', async () => {
    await using stage = await startStage({ machine, jobs: false });
    const { sim, dpm } = stage;
    const before = sim.snapshot();

    const created = await dpm(...'server create web1 --vcpus 1 --memory 1024 --volume boot-1'.split(' '));
    const stopped = await dpm('server', 'stop', 'web1');
    const started = await dpm('server', 'start', 'web1');
    const shown = (await dpm('server', 'show', 'web1')).printed as Printed;
    const deleted = await dpm('server', 'delete', 'web1');

    expect([created, stopped, started, deleted].map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(JSON.stringify(shown)).toContain('ACTIVE');
    expect(sim.log.byOperation()).not.toHaveProperty('Query Job Status');
    expect(sim.snapshot()).toEqual(before);
  });
});
