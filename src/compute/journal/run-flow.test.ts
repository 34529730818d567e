import { describe, expect, test } from 'vitest';
import { neverAborted, silentLogger } from '../../base/index.ts';
import {
  journalOf,
  quickUndo,
  started,
  toyInput,
  toySaga,
  toyStart,
  ToyWorld,
} from '../../../test/support/toy-saga.ts';
import { FlowRolledBackError, FlowStuckError, MemoryJournal, resumeFlow, runFlow } from './index.ts';
import type { Saga } from './index.ts';

describe('runFlow', () => {
  const services = { journal: new MemoryJournal(), undo: quickUndo, log: silentLogger };
  const run = { what: 'spawn instance web1', subject: 'web1', signal: neverAborted() };

  test('gives the state, and journals for whom it ran', async () => {
    const journal = new MemoryJournal();
    const state = await runFlow(toySaga(['a']), toyInput, new ToyWorld(), run, { ...services, journal });

    expect(state).toEqual({ input: toyInput, a: { made: 'a' } });
    await expect(journal.list()).resolves.toMatchObject([{ subject: 'web1', state: 'completed' }]);
  });

  test('throws one error for a flow that was rolled back, with the failed step and the cause', async () => {
    const world = new ToyWorld();
    const cause = new Error('refused');
    world.disturb = (moment) => {
      if (moment === 'before run') throw cause;
    };

    const error: unknown = await runFlow(toySaga(['a']), toyInput, world, run, services).catch(
      (thrown: unknown) => thrown,
    );

    expect(error).toBeInstanceOf(FlowRolledBackError);
    expect(error).toMatchObject({ message: 'spawn instance web1: a failed', failedStep: 'a', cause });
  });

  test('throws what is stuck as another, with what is left behind and the way to take it up', async () => {
    const world = new ToyWorld();
    world.disturb = () => {
      throw new Error('away');
    };
    const journal = new MemoryJournal();

    const error: unknown = await runFlow(toySaga(['a']), toyInput, world, run, { ...services, journal }).catch(
      (thrown: unknown) => thrown,
    );

    const [flow] = await journal.list({ open: true });
    expect(error).toBeInstanceOf(FlowStuckError);
    expect(error).toMatchObject({ flowId: flow?.id, leftBehind: ['what step "a" made'] });
    expect(error).toHaveProperty('facts', {
      flowId: flow?.id,
      leftBehind: ['what step "a" made'],
      operation: 'spawn instance web1',
    });
  });
});

describe('resumeFlow', () => {
  const flows = [toySaga(['a']), toySaga(['a'], 'forward', 'other')] as unknown as readonly Saga<
    never,
    never,
    ToyWorld
  >[]; // as the callers keep them
  const take = async (name: string, world: ToyWorld) => {
    const journal = await journalOf('f', [{ ...toyStart, flow: name }, started('a')]);
    const services = { journal, undo: quickUndo, log: silentLogger };
    return await resumeFlow(flows, { id: 'f', flow: name }, world, neverAborted(), services);
  };

  test('finds the flow by its name', async () => {
    await expect(take('toy', new ToyWorld())).resolves.toBe('rolled-back');
    await expect(take('other', new ToyWorld())).resolves.toBe('completed');
  });

  test('refuses a flow that this program does not know', async () => {
    await expect(take('of-tomorrow', new ToyWorld())).rejects.toThrow(
      /"of-tomorrow", which this program does not know/,
    );
  });

  test('throws when the flow is stuck again', async () => {
    const world = new ToyWorld();
    world.disturb = () => {
      throw new Error('still away');
    };

    await expect(take('toy', world)).rejects.toThrow(FlowStuckError);
  });
});
