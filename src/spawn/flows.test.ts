import { describe, expect, test } from 'vitest';
import { destroyFlow, driverFlows, prepareFlow, spawnFlow, spawnPreparedFlow } from './index.ts';

const flows = driverFlows.map((flow) => ({ name: flow.name, flow }));
const namesOf = ({ steps }: { steps: readonly { name: string }[] }) => steps.map(({ name }) => name);

describe('the flows of the driver', () => {
  test('have names of their own, by which a restarted process finds them', () => {
    expect(new Set(flows.map(({ name }) => name)).size).toBe(flows.length);
    expect(flows).not.toHaveLength(0);
  });

  test.each(flows)('$name: what can be undone can be named', ({ flow }) => {
    const nameless = flow.steps.filter(({ undo, leaves }) => typeof undo === 'function' && leaves === undefined);

    expect(namesOf({ steps: nameless })).toEqual([]);
  });

  test.each(flows)('$name: past a step without a way back there is none with one', ({ flow }) => {
    const first = flow.steps.findIndex(({ pivot }) => pivot === true);
    const past = first < 0 ? [] : flow.steps.slice(first);

    expect(past.filter(({ pivot, undo }) => pivot !== true || typeof undo === 'function')).toEqual([]);
  });

  test.each(flows)('$name: is finished by a restart only if nothing in it is ever undone', ({ flow }) => {
    if (flow.recovery === 'forward') {
      expect(flow.steps.filter(({ undo }) => typeof undo === 'function')).toEqual([]);
    }
    expect(flow.recovery).toBe(flow.name === 'destroy' ? 'forward' : 'back');
  });
});

describe('the order of a spawn', () => {
  test('has the masks after the WWPNs and before the boot', () => {
    const names = namesOf(spawnFlow);
    const at = (name: string) => names.indexOf(name);

    expect(at('bind-storage')).toBeGreaterThan(at('create-partition'));
    expect(at('map-volumes')).toBeGreaterThan(at('bind-storage'));
    expect(at('set-boot')).toBeGreaterThan(at('connect-volumes'));
    expect(names.at(-1)).toBe('start-partition');
  });

  test('is in both of Nova’s orders the same, from where the volumes are mapped', () => {
    const tail = (names: readonly string[]) => names.slice(names.indexOf('connect-volumes'));

    expect(tail(namesOf(spawnPreparedFlow))).toEqual(tail(namesOf(spawnFlow)));
    expect(namesOf(spawnFlow)).toEqual(expect.arrayContaining(namesOf(prepareFlow)));
  });
});

test('a destroy takes the masks away before the WWPNs are given up: an HMC hands them out again', () => {
  const names = namesOf(destroyFlow);

  expect(names.indexOf('stop-partition')).toBeLessThan(names.indexOf('unmap-volumes'));
  for (const later of ['unbind-storage', 'delete-partition', 'deallocate-storage']) {
    expect(names.indexOf('unmap-volumes')).toBeLessThan(names.indexOf(later));
  }
});
