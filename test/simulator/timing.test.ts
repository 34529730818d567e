/* Durations of the simulated machine. */
import { expect, test } from 'vitest';
import { ManualClock, startSimulator } from '../../src/simulator/index.ts';
import { realisticTiming, scaledTiming } from '../../src/simulator/timing.ts';

test('a factor multiplies every duration', () => {
  expect(scaledTiming(0.1).hmc.startMs).toBe(realisticTiming.hmc.startMs / 10);
  expect(scaledTiming(2).services['Update Attachment']).toBe(16_000);
});

test('with realistic durations a discovery of LUNs takes half a minute of the clock', async () => {
  const clock = new ManualClock();
  await using sim = await startSimulator({ machine: 'z16', timingFactor: 1, clock });
  const made = sim.hmc.addStorageGroup({ name: 'g', type: 'fcp', volumes: [{ name: 'v', sizeGib: 10 }] });
  sim.san.createVolume({ id: 'v', sizeGib: 10 });
  const ports = sim.san.mapVolume({ volumeId: 'v', host: 'g', initiators: made.wwpns, lunForm: 'peripheral' });
  for (const wwpn of made.wwpns) for (const port of ports.flatMap((each) => each.ports)) sim.san.zone(wwpn, port);
  const state = () => sim.snapshot().hmc['storage-group'][0]?.['fulfillment-state'];

  clock.advance(29_000);
  const early = state();
  clock.advance(1_000);

  expect([early, state()]).toEqual(['pending', 'complete']);
});
