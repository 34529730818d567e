import { describe, expect, test } from 'vitest';
import { ConflictError, neverAborted, NotFoundError, silentLogger } from '../../base/index.ts';
import { quickUndo, toyInput, toyOptions, toySaga, ToyWorld } from '../../../test/support/toy-saga.ts';
import { execute, FlowWaitingError, MemoryJournal, resume, runFlow } from './index.ts';

describe('a flow whose way back lacks a peer', () => {
  const unreachable = (step: string) => (moment: string, at: string) => {
    if (at !== step) return;
    if (moment === 'before undo') throw new NotFoundError('no answer', { unreachable: 'HMC hmc1:6794' });
    if (moment === 'after run') throw new ConflictError('no');
  };

  test('waits, names what is left and which peer is missing, and is resumed when the peer answers', async () => {
    const world = new ToyWorld();
    world.disturb = unreachable('b');
    const journal = new MemoryJournal();
    const saga = toySaga(['a', 'b']);

    const outcome = await execute(saga, toyInput, { id: 'f' }, toyOptions(world, { journal }));
    const [waiting] = await journal.list({ open: true });
    world.disturb = () => undefined;
    const resumed = await resume(saga, 'f', toyOptions(world, { journal }));

    expect(outcome).toMatchObject({ kind: 'waiting', waitsFor: 'HMC hmc1:6794', stuckStep: 'b' });
    expect(waiting).toMatchObject({ state: 'waiting', waitsFor: 'HMC hmc1:6794' });
    expect(waiting?.leftBehind).toHaveLength(2);
    expect(resumed.kind).toBe('rolled-back');
    expect([...world.things]).toEqual([]);
    expect(await journal.list({ open: true })).toEqual([]);
  });

  test('throws what waits as another, with the peer and what is left behind', async () => {
    const world = new ToyWorld();
    world.disturb = unreachable('a');
    const services = { journal: new MemoryJournal(), undo: quickUndo, log: silentLogger };
    const run = { what: 'build web1', subject: 'web1', signal: neverAborted() };

    const failure = await runFlow(toySaga(['a']), toyInput, world, run, services).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(FlowWaitingError);
    expect(failure).toMatchObject({
      code: 'FLOW_WAITING',
      message: 'build web1 waits in a for HMC hmc1:6794',
      waitsFor: 'HMC hmc1:6794',
      leftBehind: [expect.any(String)],
    });
  });

  test('is stuck when something else is in the way as well', async () => {
    const world = new ToyWorld();
    world.disturb = (moment, step) => {
      if (step === 'a' && moment === 'before undo') throw new ConflictError('mine');
      unreachable('b')(moment, step);
    };

    const outcome = await execute(toySaga(['a', { name: 'b', pivot: true }]), toyInput, { id: 'f' }, toyOptions(world));
    const other = await execute(
      toySaga(['b', 'a']),
      toyInput,
      { id: 'g' },
      {
        ...toyOptions(world),
        missingPeer: () => undefined,
      },
    );

    expect(outcome.kind).toBe('stuck');
    expect(other.kind).toBe('stuck');
  });
});
