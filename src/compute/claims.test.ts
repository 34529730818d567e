import { describe, expect, test } from 'vitest';
import { ComputeResourcesUnavailableError } from '../base/index.ts';
import { claim } from './claims.ts';
import type { InstanceRecord, VmState } from './instances.ts';

const instance = (vcpus: number, memoryMib: number, vmState: VmState = 'active'): InstanceRecord => ({
  uuid: 'u',
  name: 'n',
  host: 'h',
  createdAt: '',
  vcpus,
  memoryMib,
  vmState,
  taskState: null,
  powerState: 'running',
  fault: null,
  extraSpecs: {},
  description: null,
});
const share = { vcpus: 8, memoryMib: 8192 };

describe('a claim', () => {
  test.each([
    ['alone, of the whole share', { vcpus: 8, memoryMib: 8192 }, []],
    ['beside others, of just the rest', { vcpus: 3, memoryMib: 2048 }, [instance(2, 2048), instance(3, 4096)]],
  ])('fits %s', (_what, wanted, others) => {
    expect(() => claim(wanted, others, share)).not.toThrow();
  });

  test.each([
    ['vCPUs', { vcpus: 9, memoryMib: 1 }, [], '9 vCPUs do not fit into the CPC subset: 0 of 8 are taken'],
    ['vCPUs', { vcpus: 1, memoryMib: 1 }, [instance(8, 1)], '1 vCPUs do not fit into the CPC subset: 8 of 8 are taken'],
    [
      'memory',
      { vcpus: 1, memoryMib: 4097 },
      [instance(1, 4096)],
      '4097 MiB of memory do not fit into the CPC subset: 4096 of 8192 are taken',
    ],
  ])('of too much %s is refused with what is asked, taken and there', (_what, wanted, others, message) => {
    expect(() => claim(wanted, others, share)).toThrow(ComputeResourcesUnavailableError);
    expect(() => claim(wanted, others, share)).toThrow(message);
  });

  test.each(['stopped', 'error', 'building'] as const)(
    'counts an instance that is %s: its share is promised',
    (state) => {
      expect(() => claim({ vcpus: 1, memoryMib: 1 }, [instance(8, 8192, state)], share)).toThrow(/8 of 8/);
    },
  );

  test('does not count a failed build that was rolled back: nothing of it is left', () => {
    const fault = { code: 'FLOW_ROLLED_BACK', message: '', at: '', requestId: '' };
    const failed = { ...instance(8, 8192, 'error'), fault };

    expect(() => claim({ vcpus: 8, memoryMib: 8192 }, [failed], share)).not.toThrow();
    const stuck = { ...failed, fault: { ...fault, code: 'FLOW_STUCK' } };
    expect(() => claim({ vcpus: 8, memoryMib: 8192 }, [stuck], share)).toThrow(/8 of 8/);
  });
});
