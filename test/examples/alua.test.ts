import { describe, expect, test } from 'vitest';
import { AluaHostConnector, AluaVolumeDriver } from '../../examples/alua/index.ts';
import { aluaSamples } from '../../examples/alua/samples.ts';
import { hostConnectorChecks, runChecks, volumeDriverChecks } from '../../conformance/index.ts';
import { connectionInfo, pciPort, quickPolicies, singlePath, target } from '../support/fake-host/scenes.ts';
import { startWorld } from '../support/world.ts';

const directory = `${import.meta.dirname}/../../examples/alua`;

describe('the example volume driver', () => {
  test('conforms', async () => {
    const results = await runChecks(volumeDriverChecks((context) => new AluaVolumeDriver(context), aluaSamples));

    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(results).toHaveLength(aluaSamples.length * 23);
  });

  test.each(['z13', 'z16'] as const)(
    'serves spawn, attach and delete on a %s, puts the owning controller first, and leaves everything as it was',
    async (machine) => {
      const set = { 'dpm.volume_drivers': `fibre_channel_alua=${directory}/index.ts#AluaVolumeDriver` };
      await using world = await startWorld({ machine, cinder: { connectionShape: 'alua' }, set });
      const before = world.sim.snapshot();
      await using manager = await world.open();
      const [boot, , data] = world.sim.volumes;

      const server = await manager.create(
        { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: boot!.id }] },
        world.context,
      );
      const attached = await manager.addVolume('web1', data!.name, {}, world.context);
      await manager.removeVolume('web1', data!.name, world.context);
      await manager.delete('web1', world.context);

      expect(server.status).toBe('ACTIVE');
      const paths = attached.volumes.map((volume) => volume.paths.map(({ target_wwpn: wwpn }) => wwpn));
      const ports = world.sim.san.arrays.flatMap((array) => array.ports.map(({ wwpn }) => wwpn));
      const ofVolume = ports.filter((wwpn) => paths[0]?.includes(wwpn));
      const owning = ofVolume.slice(ofVolume.length / 2); // as the simulated back end has it
      expect(paths).toHaveLength(2);
      expect(paths.map(([first]) => owning.includes(first ?? ''))).toEqual([true, true]);
      // With storage groups the choice among the paths is DPM's.
      if (machine === 'z13') expect(server.boot?.target_wwpn).toBe(paths[0]?.[0]);
      expect(world.sim.snapshot()).toEqual(before);
    },
  );
});

describe('the example host connector', () => {
  test.each([
    ['s390x', () => singlePath()],
    ['x86_64', () => singlePath({ kind: 'pci', adapters: [pciPort(0, [target(0)])] })],
  ])('conforms on %s', async (_platform, makeHost) => {
    const violations: string[][] = [];
    const prepare = () => {
      const host = makeHost();
      violations.push(host.violations);
      return {
        context: { system: host, useMultipath: true, enforceMultipath: true, policies: quickPolicies },
        connectionInfo: { ...connectionInfo(), driver_volume_type: 'fibre_channel_alua' },
        snapshot: () => host.snapshot(),
      };
    };
    const results = await runChecks(hostConnectorChecks((context) => new AluaHostConnector(context), prepare));

    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(violations.flat()).toEqual([]);
  });
});
