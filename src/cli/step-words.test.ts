import { describe, expect, test } from 'vitest';
import { managerFlows } from '../compute/manager-flows.ts';
import { localAttachFlow } from '../compute/local/attach-flow.ts';
import { localDetachFlow } from '../compute/local/detach-flow.ts';
import { attachActs, destroyActs, detachActs, prepareActs, spawnActs } from '../spawn/index.ts';
import { parkActs } from '../spawn/park.ts';
import { attachInterfaceActs, detachInterfaceActs } from '../virt/dpm/interfaces.ts';
import { switchActs } from '../virt/dpm/boot-switch.ts';
import { powerActs } from '../virt/dpm/power.ts';
import { operationWords, resumedText, stepWords } from './step-words.ts';

const flows = [...managerFlows, localAttachFlow, localDetachFlow];
const interfaceActs = [attachInterfaceActs, detachInterfaceActs];
const verbs = [
  spawnActs,
  prepareActs,
  destroyActs,
  parkActs,
  attachActs,
  detachActs,
  powerActs,
  switchActs,
  ...interfaceActs,
];

describe('every step has words', () => {
  // Of `dpm volume create`, which has no flow.
  const ofVolumes = ['create-disk', 'copy-image'];
  const ids = new Set([...ofVolumes, ...flows.flatMap(({ steps }) => steps.map(({ name }) => name)), ...verbs.flat()]);

  test('for all steps of the flows and all acts of the verbs, and for no others', () => {
    expect(Object.keys(stepWords).toSorted()).toEqual([...ids].toSorted());
  });

  test('which fit on a line of 80 columns beside a name of 20 characters and the time', () => {
    const longest = Math.max(...Object.values(stepWords).map(({ doing }) => doing.length));

    expect(longest).toBeLessThanOrEqual(
      80 - 1 - 'undoing  '.length - '12345678901234567890: '.length - '   0.12 s'.length,
    );
  });
});

test('every flow and every power verb has words', () => {
  const names = [...flows.map(({ name }) => name), 'start', 'stop', 'reboot'];

  expect(Object.keys(operationWords).toSorted()).toEqual(names.toSorted());
});

test('names the operation, the server, and whether it is finished or undone', () => {
  expect(resumedText({ flow: 'build', subject: 'web1', isUndone: true })).toBe(
    'undoing the interrupted create of web1',
  );
  expect(resumedText({ flow: 'stop', subject: 'web1', isUndone: false })).toBe(
    'finishing the interrupted stop of web1',
  );
});
