import { describeError } from '../../src/base/index.ts';
import type { KillPoint } from '../support/worker/order.ts';
import type { Flow } from './flows.ts';
import { die, mayDie, nameOf, restart, tidy } from './kill.ts';
import { learn, prepare } from './stage.ts';
import type { Stage } from './stage.ts';

/** How often a process died in its predecessor's recovery, and what was wrong afterwards. */
export interface SecondDeaths {
  readonly first: string;
  kills: number;
  readonly problems: string[];
}

/**
 * A first process dies far into the flow, and the second one in taking it up: before and after each record that it
 * writes (every n-th of them), until it comes to its end. The third one is looked at.
 *
 * @param share - how far into the flow the first one dies, from 0 to 1
 */
export async function killTheSuccessor(
  stage: Stage,
  flow: Flow,
  { share, nth }: { readonly share: number; readonly nth: number },
): Promise<SecondDeaths> {
  const course = await learn(stage, flow);
  const first = { at: 'after-record', index: Math.floor((course.records.length - 1) * share) } as const;
  const toll: SecondDeaths = { first: nameOf(first, course), kills: 0, problems: [] };
  let hasDied = true;
  for (let number = 0; hasDied; number += nth) {
    const second: KillPoint = {
      at: number % 2 === 0 ? 'before-record' : 'after-record',
      index: Math.floor(number / 2),
    };
    const before = await prepare(stage, flow);
    await die(stage, flow, first);
    stage.world.sim.faults.clear();
    toll.kills += 1;
    try {
      hasDied = await mayDie(stage, { verb: 'recover' }, second);
      if (hasDied) toll.kills += 1;
      await restart(stage, flow, before);
    } catch (error) {
      toll.problems.push(`${flow.name}, ${toll.first}, then ${second.at} ${second.index}: ${describeError(error)}`);
      await tidy(stage);
    }
  }
  return toll;
}
