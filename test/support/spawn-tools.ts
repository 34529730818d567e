import { ConflictError, neverAborted, silentLogger } from '../../src/base/index.ts';
import { encodeGuestParameters } from '../../src/partition/guest-parameters/index.ts';
import type { Decided, PartitionOwner } from '../../src/partition/index.ts';
import type { SpawnTools, VerbCall } from '../../src/spawn/index.ts';

/** One call of a verb, which nobody aborts. */
export const call: VerbCall = { flowId: 'flow-1', signal: neverAborted(), log: silentLogger };

/** An instance whose partition is decided; what the verbs record of it is kept in `noted`. */
export function fakePartitions(decided: Decided, noted: string[] = []) {
  const note = (what: string) => (_owner: PartitionOwner, more?: unknown) => {
    noted.push(typeof more === 'string' ? `${what} ${more}` : what);
  };
  return {
    decide: async () => decided,
    requireAtRest: async () => {
      if (decided.kind === 'ours' && decided.partition.status !== 'stopped') throw new ConflictError('it runs');
      return decided;
    },
    hasRecordedPartition: () => decided.kind === 'ours',
    isRecorded: () => false,
    begin: note('begin'),
    recordPartition: note('made'),
    recordPorts: () => undefined,
    recordConnected: note('connected'),
    isConnected: () => true,
    bootsFrom: note('boots from'),
    hadPorts: () => false,
    recordParking: note('parks'),
    recordTakeOver: note('taken over'),
    recordPartitionDeleted: note('deleted'),
    recordAllDeleted: note('gone'),
  };
}

/** The tools that a test provides; an error names whatever else a verb asks for. */
export function fakeTools(parts: { readonly [Key in keyof SpawnTools]?: object | string }): SpawnTools {
  const absent = (name: string) =>
    new Proxy(
      {},
      {
        get: (_target, key) => {
          throw new Error(`the verb asks for ${name}.${String(key)}, which this test does not have`);
        },
      },
    );
  const names = ['hmc', 'lifecycle', 'network', 'storage', 'volumeDrivers'] as const;
  return {
    cpcUri: '/api/cpcs/1',
    partitions: fakePartitions({ kind: 'absent' }),
    boot: { attempts: 2, loginBeforeZoning: false },
    undo: {
      retry: { attempts: 2, firstDelayMs: 1, maxDelayMs: 1, factor: 1, budgetMs: 5_000 },
      timeoutMs: 5_000,
    },
    driverUnmaps: true,
    encodeGuestParameters,
    watchers: { log: silentLogger },
    ...Object.fromEntries(names.map((name) => [name, absent(name)])),
    ...parts,
  } as unknown as SpawnTools; // fakes implement only what the verb asks for
}
