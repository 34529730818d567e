import { expect, test } from 'vitest';
import { neverAborted, silentLogger } from '../base/index.ts';
import type { PowerState } from '../virt/index.ts';
import { settleAfterCrash } from './after-crash.ts';
import type { InstanceRecord, TaskState, VmState } from './instances.ts';
import type { ManagerParts } from './manager-parts.ts';

const context = { requestId: 'req-1', signal: neverAborted() };

interface Situation {
  readonly taskState: TaskState | null;
  readonly vmState?: VmState;
  readonly powerState?: PowerState;
  readonly openFlows?: readonly string[];
}

/** Settles one server; what was asked of the verbs, and what its record says afterwards. */
async function settle({ taskState, vmState = 'active', powerState = 'running', openFlows = [] }: Situation) {
  const asked: string[] = [];
  let record = { uuid: 'u', name: 'web1', vmState, taskState, fault: null } as InstanceRecord; // as far as it is looked at
  const parts = {
    log: silentLogger,
    store: { update: (_uuid: string, change: object) => void (record = { ...record, ...change }) },
    journal: { list: () => Promise.resolve(openFlows.map((flow) => ({ flow }))) },
    driver: { getInfo: () => Promise.resolve({ state: powerState }) },
  } as unknown as ManagerParts; // fakes are what they are asked for
  const note = (verb: string) => () => Promise.resolve(void asked.push(verb));
  const verbs = { start: note('start'), stop: note('stop'), delete: note('delete') };
  await settleAfterCrash(record, parts, verbs, context);
  return { asked, record };
}

test('leaves a server alone that nobody was working on', async () => {
  const { asked, record } = await settle({ taskState: null });

  expect(asked).toEqual([]);
  expect(record).toMatchObject({ vmState: 'active', taskState: null, fault: null });
});

test.each(['scheduling', 'block_device_mapping', 'spawning'] as const)(
  'a build that ended in task %s is in ERROR, and says why',
  async (taskState) => {
    const { asked, record } = await settle({ taskState, vmState: 'building' });

    expect(asked).toEqual([]);
    expect(record).toMatchObject({ vmState: 'error', taskState: null, fault: { code: 'INTERRUPTED' } });
    expect(record.fault?.message).toContain(taskState);
  },
);

test('a delete that was asked for and has no flow yet is begun again', async () => {
  expect((await settle({ taskState: 'deleting' })).asked).toEqual(['delete']);
});

test('a delete that was asked for is begun although another flow of the server is stuck', async () => {
  expect((await settle({ taskState: 'deleting', openFlows: ['add-volume'] })).asked).toEqual(['delete']);
});

test('a delete whose flow is stuck is left to a person, who finds the server in ERROR', async () => {
  const { asked, record } = await settle({ taskState: 'deleting', openFlows: ['delete'] });

  expect(asked).toEqual([]);
  expect(record).toMatchObject({ vmState: 'error', taskState: null });
});

test.each(['powering-on', 'powering-off', 'rebooting', 'rebooting_hard'] as const)(
  'a server that runs after %s was cut off is active, and nothing is done to it',
  async (taskState) => {
    const { asked, record } = await settle({ taskState, vmState: 'stopped' });

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
  const { asked, record } = await settle({ taskState, powerState });

  expect(asked).toEqual([verb]);
  expect(record.taskState).toBeNull();
});

test('a server that cannot be settled does not keep the others from it', async () => {
  const verbs = { start: fail, stop: fail, delete: fail };
  const parts = { log: silentLogger, journal: { list: () => Promise.resolve([]) } } as unknown as ManagerParts; // all that is asked for
  const record = { uuid: 'u', taskState: 'deleting' } as InstanceRecord; // as far as it is looked at

  await expect(settleAfterCrash(record, parts, verbs, context)).resolves.toBeUndefined();
});

function fail(): Promise<never> {
  return Promise.reject(new Error('the HMC is away'));
}
