import { expect, test } from 'vitest';
import { ConflictError, neverAborted, NotFoundError, NothingChangedError, silentLogger } from '../base/index.ts';
import { FlowRolledBackError, FlowStuckError } from './journal/index.ts';
import type { PowerState } from '../virt/index.ts';
import { finishTask } from './after-crash.ts';
import type { InstanceRecord, TaskState, VmState } from './instances.ts';
import type { ManagerParts } from './manager-parts.ts';

const context = { requestId: 'req-1', signal: neverAborted() };

interface Situation {
  readonly taskState: TaskState | null;
  readonly vmState?: VmState;
  readonly powerState?: PowerState;
  readonly openFlows?: readonly string[];
  /** What asking the driver for the power state, and each verb, ends in. */
  readonly infoFails?: Error;
  readonly verbFails?: Error;
  readonly signal?: AbortSignal;
}

/** An error that says that the HMC does not answer. */
const hmcIsAway = new ConflictError('no answer', { unreachable: 'HMC' });

/** Finishes the task of one server; what was asked of the verbs, and what its record says afterwards. */
async function finish(situation: Situation) {
  const { taskState, vmState = 'active', powerState = 'running', openFlows = [], infoFails, verbFails } = situation;
  const asked: string[] = [];
  let record = { uuid: 'u', name: 'web1', vmState, taskState, fault: null } as InstanceRecord; // as far as it is looked at
  const parts = {
    log: silentLogger,
    store: { find: () => record, update: (_uuid: string, change: object) => void (record = { ...record, ...change }) },
    journal: { list: () => Promise.resolve(openFlows.map((flow) => ({ flow }))) },
    driver: {
      getInfo: async () => {
        if (infoFails !== undefined) throw infoFails;
        return await Promise.resolve({ state: powerState });
      },
    },
    flows: {},
  } as unknown as ManagerParts; // fakes are what they are asked for
  const note = (verb: string) => async () => {
    asked.push(verb);
    if (verbFails === undefined) return;
    record = { ...record, taskState: null }; // as the verb leaves it
    await Promise.reject(verbFails);
  };
  const verbs = { start: note('start'), stop: note('stop'), delete: note('delete') };
  await finishTask(record, parts, verbs, { ...context, signal: situation.signal ?? context.signal });
  return { asked, record };
}

test('leaves a server alone that nobody was working on', async () => {
  const { asked, record } = await finish({ taskState: null });

  expect(asked).toEqual([]);
  expect(record).toMatchObject({ vmState: 'active', taskState: null, fault: null });
});

test.each(['scheduling', 'block_device_mapping', 'spawning'] as const)(
  'a build that ended in task %s is in ERROR, and says why',
  async (taskState) => {
    const { asked, record } = await finish({ taskState, vmState: 'building' });

    expect(asked).toEqual([]);
    expect(record).toMatchObject({ vmState: 'error', taskState: null, fault: { code: 'INTERRUPTED' } });
    expect(record.fault?.message).toContain(taskState);
  },
);

test('a delete that was asked for and has no flow yet is begun again', async () => {
  expect((await finish({ taskState: 'deleting' })).asked).toEqual(['delete']);
});

test('a delete that was asked for is begun although another flow of the server is stuck', async () => {
  expect((await finish({ taskState: 'deleting', openFlows: ['add-volume'] })).asked).toEqual(['delete']);
});

test('a delete whose flow is stuck is left to a person, who finds the server in ERROR', async () => {
  const { asked, record } = await finish({ taskState: 'deleting', openFlows: ['delete'] });

  expect(asked).toEqual([]);
  expect(record).toMatchObject({ vmState: 'error', taskState: null });
});

test.each(['powering-on', 'powering-off', 'rebooting', 'rebooting_hard'] as const)(
  'a server that runs after %s was cut off is active, and nothing is done to it',
  async (taskState) => {
    const { asked, record } = await finish({ taskState, vmState: 'stopped' });

    expect(asked).toEqual([]);
    expect(record).toMatchObject({ vmState: 'active', taskState: null, powerState: 'running' });
  },
);

test.each([
  ['powering-on', 'shutdown', 'start'],
  ['powering-on', 'nostate', 'start'],
  ['powering-off', 'nostate', 'stop'],
  ['powering-off', 'shutdown', 'stop'],
  ['rebooting', 'shutdown', 'start'],
  ['rebooting_hard', 'nostate', 'start'],
] as const)('%s that was cut off with power state %s is finished', async (taskState, powerState, verb) => {
  const { asked, record } = await finish({ taskState, powerState });

  expect(asked).toEqual([verb]);
  expect(record.taskState).toBeNull();
});

test.each(['powering-on', 'powering-off', 'rebooting', 'rebooting_hard'] as const)(
  '%s that was cut off is not forgotten while the HMC is away',
  async (taskState) => {
    const unseen = await finish({ taskState, infoFails: hmcIsAway });
    expect(unseen.asked).toEqual([]);
    expect(unseen.record).toMatchObject({ taskState, vmState: 'active' });

    const begun = await finish({ taskState, powerState: 'shutdown', verbFails: hmcIsAway });
    expect(begun.asked).toHaveLength(1);
    expect(begun.record.taskState).toBe(taskState);
  },
);

test('a delete that was rolled back because the HMC is unreachable is retried by the next delete', async () => {
  const rolledBack = new FlowRolledBackError('delete', 'destroy', {}, new NothingChangedError(hmcIsAway));
  const stuck = new FlowStuckError('delete', 'f', [], hmcIsAway);

  expect((await finish({ taskState: 'deleting', verbFails: rolledBack })).record.taskState).toBe('deleting');
  expect((await finish({ taskState: 'deleting', verbFails: stuck })).record.taskState).toBeNull();
});

test('an interrupted power operation is kept when its recovery is stopped', async () => {
  const stopped = new AbortController();
  stopped.abort(new Error('Ctrl-C'));
  const verbFails = new Error('Ctrl-C');
  const { record } = await finish({
    taskState: 'powering-on',
    powerState: 'nostate',
    verbFails,
    signal: stopped.signal,
  });

  expect(record.taskState).toBe('powering-on');
});

test('a server whose partition is gone has nothing to be finished, and says so', async () => {
  const { asked, record } = await finish({ taskState: 'powering-on', infoFails: new NotFoundError('no partition') });

  expect(asked).toEqual([]);
  expect(record).toMatchObject({ taskState: null, powerState: 'nostate', fault: { code: 'NOT_FOUND' } });
});

test('a verb that cannot be finished for another reason than an outage is over, and says why', async () => {
  const doubt = new ConflictError('in doubt');

  expect((await finish({ taskState: 'powering-off', infoFails: doubt })).record).toMatchObject({
    taskState: null,
    fault: { code: 'CONFLICT', message: expect.stringContaining('in doubt') as string },
  });
  expect((await finish({ taskState: 'powering-on', powerState: 'shutdown', verbFails: doubt })).record.taskState).toBe(
    null,
  );
});

test('a server that cannot be settled does not keep the others from it', async () => {
  const verbs = { start: fail, stop: fail, delete: fail };
  const parts = { log: silentLogger, journal: { list: () => Promise.resolve([]) } } as unknown as ManagerParts; // all that is asked for
  const record = { uuid: 'u', taskState: 'deleting' } as InstanceRecord; // as far as it is looked at

  await expect(finishTask(record, parts, verbs, context)).resolves.toBeUndefined();
});

function fail(): Promise<never> {
  return Promise.reject(new Error('the HMC is away'));
}
