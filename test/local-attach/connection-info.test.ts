/* Local attach with unusual answers of a back end: a late LUN, and volumes that cannot be attached. */
import { describe, expect, test } from 'vitest';
import { everything, startScene } from './scene.ts';
import { SanHost } from '../support/fake-host/san-host.ts';
import { startStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import type { ConnectionShapeName } from '../../src/simulator/openstack/index.ts';

const request = { volume: 'data-1', mode: 'rw', multipath: true, enforceMultipath: false } as const;
const flows = [
  { flow: 'attachments', maxMicroversion: '3.71', limited: 'data-1' },
  { flow: 'legacy', maxMicroversion: '3.43', limited: 'data-2' },
] as const;

describe.each(flows)('in the $flow flow', ({ maxMicroversion, limited }) => {
  const start = (connectionShape: ConnectionShapeName): Promise<Stage> =>
    startStage({ cinder: { maxMicroversion, connectionShape }, linux: (sim) => new SanHost(sim.san) });

  test('a volume whose LUN the array reports late is attached to a host', async () => {
    await using stage = await start('powerstore-late-lun');
    const before = stage.sim.snapshot();

    const attached = await stage.dpm('local-attach', 'data-1');
    expect(attached, attached.stderr).toMatchObject({ code: 0, printed: { type: 'block' } });
    expect(await stage.dpm('local-detach', 'data-1')).toMatchObject({ code: 0, printed: { detached: true } });

    expect(stage.sim.snapshot()).toEqual(before);
  });

  test.each([
    ['null-lun', 'connection_info has neither target_lun nor target_luns'],
    ['no-lun', 'connection_info has neither target_lun nor target_luns'],
    ['lun-count', 'target_luns do not fit'],
    ['encrypted', 'the volume is encrypted by Cinder'],
    ['no-targets', 'connection_info names no target port'],
    ['wwnn-wwpn', 'is not a WWPN'],
  ] as const)('an attach with shape %s fails, names the volume, and leaves nothing', async (shape, reason) => {
    await using stage = await start(shape);
    const before = stage.sim.snapshot();
    const { id } = stage.sim.volumes.find(({ name }) => name === 'data-1')!;

    const failed = await stage.dpm('local-attach', 'data-1');

    expect(failed.stderr).toContain(`volume ${id}: `);
    expect(failed.stderr).toContain(reason);
    expect(failed).toMatchObject({ code: 1, printed: { error: { code: 'FLOW_ROLLED_BACK' } } });
    expect(stage.sim.snapshot()).toEqual(before);
    expect(await stage.dpm('local-detach', 'data-1')).toMatchObject({ code: 0, printed: { detached: false } });
  });

  test.each(['null-lun', 'encrypted', 'foreign-map', 'iscsi', 'eckd'] as const)(
    'an attach to a partition with shape %s leaves nothing',
    async (connectionShape) => {
      await using scene = await startScene({ cinder: { maxMicroversion, connectionShape } });
      const before = everything(scene);
      await using manager = await scene.open();

      const failed = manager.localAttach({ ...request, partition: 'payroll' }, scene.world.context);

      await expect(failed).rejects.toMatchObject({ code: 'FLOW_ROLLED_BACK' });
      expect(everything(scene)).toEqual(before);
    },
  );

  test.each(['iscsi', 'eckd', 'foreign-map'] as const)('an attach with shape %s leaves nothing', async (shape) => {
    await using stage = await start(shape);
    const before = stage.sim.snapshot();

    const failed = await stage.dpm('local-attach', 'data-1');

    expect(failed).toMatchObject({ code: 1, printed: { error: { code: 'FLOW_ROLLED_BACK' } } });
    expect(stage.sim.snapshot()).toEqual(before);
  });

  test('the first attach warns about front-end limits', async () => {
    await using stage = await start('front-end-qos');
    const warning =
      /nova-dpm ignores these keys of connection_info: .*cacheable.*qos_specs \(front-end limits have no effect/;

    const attached = await stage.dpm('local-attach', limited);
    expect(attached, attached.stderr).toMatchObject({ code: 0 });
    expect(attached.stderr).toMatch(warning);
    await stage.dpm('local-detach', limited);
    const again = await stage.dpm('local-attach', limited);

    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).not.toMatch(warning);
  });
});
