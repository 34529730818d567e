import { describe, expect, test } from 'vitest';
import { distributions } from '../support/fake-host/model.ts';
import { SanHost } from '../support/fake-host/san-host.ts';
import type { SanHostOptions } from '../support/fake-host/san-host.ts';
import { startStage } from '../support/stage.ts';
import type { Stage, StageOptions } from '../support/stage.ts';
import { startWorld } from '../support/world.ts';

interface HostStage extends Stage {
  readonly host: SanHost;
}

/** Settings without an HMC: a host needs none. */
async function startHostStage(options: SanHostOptions = {}, more: StageOptions = {}): Promise<HostStage> {
  let host: SanHost | undefined;
  const stage = await startStage({ ...more, linux: (sim) => (host = new SanHost(sim.san, options)) });
  return Object.assign(stage, { host: host! }); // the line before has made it
}

const shapes = Object.values(distributions).flatMap((distribution) =>
  [true, false].flatMap((isSinglePath) =>
    [true, false].map((allowLunScan) => ({
      name: `${distribution.name}, ${isSinglePath ? 'one path' : 'four paths'}, LUN scan ${allowLunScan ? 'on' : 'off'}`,
      options: {
        distribution,
        isSinglePath,
        allowLunScan,
        ...(isSinglePath ? { multipathd: 'absent' as const } : {}),
      } satisfies SanHostOptions,
    })),
  ),
);

describe.each(shapes)('$name', ({ options }) => {
  test('a volume comes, twice the same, and goes without a trace', async () => {
    await using stage = await startHostStage(options);
    const { host, sim } = stage;
    const before = { host: host.snapshot(), sim: sim.snapshot() };
    const multipath = options.isSinglePath ? [] : ['--multipath', 'True'];

    const attached = await stage.dpm('local-attach', 'data-1', ...multipath);
    expect(attached, attached.stderr).toMatchObject({ code: 0, printed: { type: 'block', mode: 'rw' } });
    expect(attached.printed).toHaveProperty('scsi_wwn', expect.stringMatching(/^3[0-9a-f]{32}$/));
    expect('multipath_id' in (attached.printed as object)).toBe(!options.isSinglePath);
    const while1 = { host: host.snapshot(), sim: sim.snapshot() };
    expect((await stage.dpm('local-attach', 'data-1', ...multipath)).printed).toEqual(attached.printed);
    expect({ host: host.snapshot(), sim: sim.snapshot() }).toEqual(while1);

    expect(await stage.dpm('verify')).toMatchObject({ code: 0, printed: [] });

    const gone = await stage.dpm('local-detach', 'data-1');
    expect(gone, gone.stderr).toMatchObject({ code: 0, printed: { detached: true, left_behind: [] } });
    host.settle();
    expect({ host: host.snapshot(), sim: sim.snapshot() }).toEqual(before);
    expect(host.violations).toEqual([]);
    expect(await stage.dpm('local-detach', 'data-1')).toMatchObject({ code: 0, printed: { detached: false } });
  });
});

test('a Cinder without attachments serves as well', async () => {
  await using stage = await startHostStage({}, { cinder: { maxMicroversion: '3.43' } });
  const before = stage.sim.snapshot();

  const attached = await stage.dpm('local-attach', 'data-1');
  expect(attached, attached.stderr).toMatchObject({ code: 0 });
  const gone = await stage.dpm('local-detach', 'data-1');
  expect(gone, gone.stderr).toMatchObject({ code: 0, printed: { detached: true } });

  expect(stage.sim.snapshot()).toEqual(before);
  stage.host.settle();
  expect(stage.host.violations).toEqual([]);
});

test('FCP devices that the settings name are set online first; without them there is no port', async () => {
  const set = { 'dpm.host_fcp_devices': '8001, 0.0.8002' };
  await using stage = await startHostStage({}, { set });
  const { host, sim } = stage;
  for (const adapter of host.adapters) adapter.online = false;
  host.changed();
  const before = sim.snapshot();

  const refused = await stage.dpmWith({ NOVA_DPM_DPM__HOST_FCP_DEVICES: '' }, 'local-attach', 'data-1');
  expect(refused).toMatchObject({ code: 1, printed: { error: { code: 'FLOW_ROLLED_BACK' } } });
  expect(sim.snapshot()).toEqual(before);
  const attached = await stage.dpm('local-attach', 'data-1', '--multipath', 'True');

  expect(attached, attached.stderr).toMatchObject({ code: 0, printed: { type: 'block' } });
  expect(host.log.filter((line) => line.includes('/online'))).toEqual(
    ['0.0.8001', '0.0.8002'].map((busId) => `write /sys/bus/ccw/drivers/zfcp/${busId}/online 1`),
  );
  expect(await stage.dpm('local-detach', 'data-1')).toMatchObject({ code: 0, printed: { detached: true } });
});

test('the connector of this host is told without any settings', async () => {
  await using stage = await startHostStage();

  const connector = await stage.dpm('get-connector', '--multipath', 'True');

  expect(connector.printed).toMatchObject({
    host: 'lnx1',
    multipath: true,
    wwpns: stage.host.adapters.map((a) => a.wwpn),
  });
});

test.each(Object.values(distributions))(
  '$name: a path that never comes is told, and is no reason to fail',
  async (distribution) => {
    await using stage = await startHostStage({ distribution });
    const { host, sim } = stage;
    const missing = host.adapters[0]!.targets[1]!;
    missing.appears = 'never';
    const before = { host: host.snapshot(), sim: sim.snapshot() };

    const attached = await stage.dpm('local-attach', 'data-1', '--multipath', 'True');
    expect(attached, attached.stderr).toMatchObject({ code: 0 });
    expect(JSON.stringify((attached.printed as { warnings: unknown }).warnings)).toContain(missing.wwpn);
    expect(await stage.dpm('local-detach', 'data-1')).toMatchObject({ code: 0, printed: { detached: true } });

    host.settle();
    expect({ host: host.snapshot(), sim: sim.snapshot() }).toEqual(before);
    expect(host.violations).toEqual([]);
  },
);

test('who is not root is told so, before anything is asked', async () => {
  await using world = await startWorld();
  await using manager = await world.open({ localHost: { system: new SanHost(world.sim.san), isRoot: false } });
  const request = { volume: 'data-1', multipath: false, enforceMultipath: false, mode: 'rw' } as const;
  const before = world.sim.snapshot();

  await expect(manager.localAttach(request, world.context)).rejects.toThrow('only root may do that');

  expect(world.sim.snapshot()).toEqual(before);
});
