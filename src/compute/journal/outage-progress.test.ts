import type { StepEvent } from '../../base/index.ts';
import { expect, test } from 'vitest';
import { silentLogger } from '../../base/index.ts';
import { watchOutages } from './index.ts';

const options = {
  policy: { budgetMs: 60_000, firstDelayMs: 1, maxDelayMs: 1 },
  signal: new AbortController().signal,
  peerOf: () => 'HMC hmc1',
  isRepeatable: () => true,
};

test('an outage shows at the innermost step of each flow that is under way, and so does its end', async () => {
  const shown: StepEvent[] = [];
  const { outages, onStep } = watchOutages({ onStep: (event) => shown.push(event), log: silentLogger });
  const begin = (flow: string, flowId: string, step: string) => onStep?.({ flow, flowId, step, state: 'running' });
  begin('build', 'f1', 'reserve-volumes');
  onStep?.({ flow: 'build', flowId: 'f1', step: 'reserve-volumes', state: 'done' });
  begin('build', 'f1', 'spawn');
  begin('spawn', 'f1', 'create-partition');
  begin('delete', 'f2', 'destroy');
  begin('delete', 'f3', 'destroy');
  onStep?.({ flow: 'delete', flowId: 'f3', step: 'destroy', state: 'done' });
  shown.length = 0;

  outages.answered('HMC hmc1');
  let calls = 0;
  const work = async () => {
    calls += 1;
    if (calls > 1) {
      outages.answered('HMC hmc1');
      return;
    }
    outages.failed('HMC hmc1');
    throw new Error('away');
  };
  await outages.through(work, options);

  expect(shown.map(({ flow, step, state }) => `${flow}: ${step} ${state}`)).toEqual([
    'spawn: create-partition progress',
    'delete: destroy progress',
    'spawn: create-partition progress',
    'delete: destroy progress',
  ]);
  expect(shown.map(({ detail }) => detail?.replace(/ since.*/, ''))).toEqual([
    'HMC hmc1 has not answered',
    'HMC hmc1 has not answered',
    'HMC hmc1 answers again',
    'HMC hmc1 answers again',
  ]);
});
