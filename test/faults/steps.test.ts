import { expect, it } from 'vitest';
import { allFlows } from './flows.ts';
import { turningPoints } from './matrix.ts';
import { GROUP, localScenarios, parking, scenarios, undone } from './scenarios.ts';
import type { Scenario } from './scenarios.ts';
import { Stage } from './stage.ts';
import type { StageOptions } from './stage.ts';
import { record } from './strikes.ts';

const { spawn, attach, detach } = scenarios;

/** Every point that the scenarios pass when nothing fails, and when each flow fails at its end. */
async function pointsOf(options: StageOptions, wanted: readonly Scenario[]): Promise<readonly string[]> {
  await using stage = await Stage.start(options);
  const points: string[] = [];
  for (const scenario of wanted) {
    const recording = await record(stage, scenario);
    const backs = turningPoints(recording).map((failsAt) => undone(scenario, failsAt));
    const passed = [recording.points];
    for (const back of backs) passed.push((await record(stage, back)).points);
    points.push(...passed.flat().map(({ at, flow, step }) => `${at} ${flow}/${step}`));
  }
  return points;
}

const stock = { 'dpm.spawn_order': 'stock' };
const loggingIn = { 'dpm.login_before_zoning': 'true' };
const san = { zoning: { lookup: true } };
const prepared = [{ name: GROUP, type: 'fcp', volumes: [{ name: 'root', sizeGib: 20, usage: 'boot' }] }] as const;

it('the scenarios of the matrix run every step of every flow, every undo, and every act of the driver', async () => {
  const passed = new Set([
    ...(await pointsOf({ withHost: true, machine: 'z16' }, [
      spawn,
      scenarios.delete,
      attach,
      detach,
      scenarios.attachNetwork,
      scenarios.detachNetwork,
      scenarios.resize,
      scenarios.setProperties,
      scenarios.spawnFromIso,
      scenarios.setBoot,
      scenarios.rescue,
      scenarios.unrescue,
      scenarios.rescueFromIso,
      scenarios.unrescueFromIso,
      scenarios.rebuild,
      localScenarios.host.attach,
      localScenarios.host.detach,
    ])),
    ...(await pointsOf({ machine: 'z16', storageGroups: prepared }, [scenarios.spawnFromGroup])),
    ...(await pointsOf({ machine: 'z16', set: { ...stock, ...loggingIn }, san }, [spawn])),
    ...(await pointsOf({ machine: 'z16', set: loggingIn, san }, [spawn])),
    ...(await pointsOf({ machine: 'z16', withStock: true }, [
      parking.park,
      parking.spawnAgain,
      parking.attachInterface,
      parking.detachInterface,
    ])),
  ]);

  const wanted = allFlows.flatMap(({ name, steps }) =>
    steps.flatMap((step) => [
      `before-run ${name}/${step.name}`,
      `after-run ${name}/${step.name}`,
      ...(typeof step.undo === 'function'
        ? [`before-undo ${name}/${step.name}`, `after-undo ${name}/${step.name}`]
        : []),
    ]),
  );
  // Only volume drivers without `goesWithPartition` are called on a delete: src/spawn/destroy.test.ts.
  const isOfOthers = (point: string) => point.endsWith('destroy/disconnect-volumes');
  expect(wanted.filter((point) => !passed.has(point) && !isOfOthers(point))).toEqual([]);
  expect(wanted.length).toBeGreaterThan(100);
});
