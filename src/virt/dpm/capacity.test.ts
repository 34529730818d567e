import { describe, expect, test } from 'vitest';
import { neverAborted } from '../../base/index.ts';
import type { Cpc, HmcSession } from '../../hmc-client/index.ts';
import { FreeMemory, heldByOthers } from './capacity.ts';
import type { Holder } from './capacity.ts';

const w = { signal: neverAborted() };
const share = { vcpus: 10, memoryMib: 65_536 };
const machine = { processorCountIfl: 12, storageCustomer: 131_072, storageCustomerAvailable: undefined };

const partition = (more: Partial<Holder>): Holder => ({
  status: 'active',
  isOurs: false,
  iflProcessors: 4,
  initialMemory: 16_384,
  processorMode: 'shared',
  reserveResources: false,
  ...more,
});

describe('what others hold of the share', () => {
  test('is nothing while the rest of the CPC has room for them', () => {
    expect(heldByOthers(share, machine, [partition({}), partition({})])).toEqual({ vcpus: 0, memoryMib: 0 });
  });

  test('is the memory of others that does not fit beside the share', () => {
    const others = Array.from({ length: 6 }, () => partition({}));

    expect(heldByOthers(share, machine, others)).toEqual({ vcpus: 0, memoryMib: 32_768 });
  });

  test('does not include memory of our own partitions', () => {
    const own = Array.from({ length: 4 }, () => partition({ isOurs: true }));

    expect(heldByOthers(share, machine, own)).toEqual({ vcpus: 0, memoryMib: 0 });
  });

  test('includes partitions that the user cannot see, if the CPC reports its free memory', () => {
    const reporting = { ...machine, storageCustomerAvailable: 8_192 };

    expect(heldByOthers(share, reporting, [partition({ isOurs: true })])).toEqual({
      vcpus: 0,
      memoryMib: 65_536 - 16_384 - 8_192,
    });
  });

  test('counts dedicated processors of others only', () => {
    const dedicated = partition({ processorMode: 'dedicated' });

    expect(heldByOthers(share, machine, [dedicated, partition({})])).toMatchObject({ vcpus: 2 });
    expect(heldByOthers(share, machine, [{ ...dedicated, isOurs: true }])).toMatchObject({ vcpus: 0 });
  });

  test.each([
    [{ status: 'stopped' }, 0],
    [{ status: 'stopped', reserveResources: true }, 2],
    [{ status: 'reservation-error' }, 0],
    [{ status: 'communications-not-active' }, 2],
  ])('counts a partition %j by what it holds', (state, vcpus) => {
    expect(heldByOthers(share, machine, [partition({ processorMode: 'dedicated', ...state })])).toMatchObject({
      vcpus,
    });
  });

  test('is nothing on a machine that does not report its size', () => {
    const silent = { processorCountIfl: undefined, storageCustomer: 0, storageCustomerAvailable: 0 };

    expect(heldByOthers(share, silent, [partition({ processorMode: 'dedicated' })])).toEqual({
      vcpus: 0,
      memoryMib: 0,
    });
  });

  test('is never more than the share', () => {
    const others = Array.from({ length: 9 }, () => partition({ processorMode: 'dedicated' }));

    expect(heldByOthers(share, machine, others)).toEqual({ vcpus: 10, memoryMib: 65_536 });
  });
});

describe('the free memory of the CPC', () => {
  const cpcWith = (free: number | undefined): Cpc =>
    ({ uri: '/api/cpcs/1', name: 'CPC1', storageCustomer: 131_072, storageCustomerAvailable: free }) as Cpc; // all that is read
  const open = (first: number | undefined, later = first) => {
    let reads = 0;
    const get = () => {
      reads += 1;
      return Promise.resolve(cpcWith(later));
    };
    const hmc = { cpcs: { get } } as unknown as HmcSession; // all that is asked for
    return { memory: new FreeMemory(hmc, cpcWith(first)), reads: () => reads };
  };
  const settings = { memoryIncrementMib: 1024 };

  test('is not read again if the last reading leaves enough', async () => {
    const { memory, reads } = open(4096);

    await memory.require(4096, settings, w);

    expect(reads()).toBe(0);
  });

  test('is read again before a partition is refused', async () => {
    const { memory, reads } = open(1024, 4096);

    await memory.require(4096, settings, w);

    expect(reads()).toBe(1);
  });

  test('refuses a partition that needs more, with its rounded size', async () => {
    const { memory } = open(3072);

    await expect(memory.require(3073, settings, w)).rejects.toThrow(
      '4096 MiB of memory are not free on CPC "CPC1": its partitions, of all owners, leave 3072 MiB',
    );
  });

  test('admits everything if the CPC does not report it', async () => {
    await open(undefined).memory.require(1 << 30, settings, w);
  });
});
