import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../src/compute/journal/index.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/*
 * Version 0.1 kept flows of the driver (spawn, destroy, attach-volume …) below those of the compute manager. A state
 * directory of that version opens, and whatever is open in it can be finished or undone.
 */

interface OldFlow {
  readonly id: string;
  readonly flow: string;
  readonly parent?: string;
  readonly outcome?: 'stuck';
  readonly events: readonly JournalEvent[];
}

/** Writes flows as version 0.1 would have left them for this instance. */
function writeFlows({ settings }: World, uuid: string, flows: readonly OldFlow[]): void {
  const database = new DatabaseSync(join(settings.statePath, 'state.db'));
  for (const { id, flow, parent, outcome, events } of flows) {
    database
      .prepare(
        'insert into flow (id, flow, subject, parent, started_at, ended_at, outcome) values (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(
        id,
        flow,
        uuid,
        parent ?? null,
        `2026-11-01T00:00:0${parent === undefined ? 0 : 1}.000Z`,
        null,
        outcome ?? null,
      );
    for (const event of events)
      database.prepare('insert into event (flow_id, event) values (?, ?)').run(id, JSON.stringify(event));
  }
  database.close();
}

function begun(flow: string, input: JournalEvent & object, parent?: string): JournalEvent {
  return {
    kind: 'flow-started',
    flow,
    input: input as never,
    ...(parent === undefined ? {} : { parent }),
  };
}

async function oneServer(world: World): Promise<{ uuid: string; partitionUri: string; volumeId: string }> {
  await using manager = await world.open();
  const {
    id,
    partition_uri: partitionUri,
    volumes,
  } = await manager.create(
    { name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] },
    world.context,
  );
  return { uuid: id, partitionUri: partitionUri!, volumeId: volumes[0]!.volume_id };
}

function setInstance({ settings }: World, assignment: string): void {
  const database = new DatabaseSync(join(settings.statePath, 'state.db'));
  database.exec(`update instance set ${assignment}`);
  database.close();
}

describe.each(['z13', 'z16'] as const)('a state directory of version 0.1 on a %s', (machine) => {
  it('is finished after its process died during a delete', async () => {
    await using world = await startWorld({ machine });
    const before = world.sim.snapshot();
    const { uuid, partitionUri, volumeId } = await oneServer(world);
    const input = { instanceUuid: uuid, name: 'web1', volumeIds: [volumeId], doomedVolumeIds: [] };
    setInstance(world, "task_state = 'deleting'");
    writeFlows(world, uuid, [
      { id: 'd', flow: 'delete', events: [begun('delete', input as never), { kind: 'started', step: 'destroy' }] },
      {
        id: 'c',
        flow: 'destroy',
        parent: 'd',
        events: [
          begun('destroy', { owner: { host: 'compute1', instanceUuid: uuid }, mapped: [] } as never, 'd'),
          { kind: 'started', step: 'find-partition' },
          {
            kind: 'succeeded',
            step: 'find-partition',
            output: { partition: { uri: partitionUri, name: 'p' }, initiators: [], hasOwnStorage: false },
          },
          { kind: 'started', step: 'stop-partition' },
        ],
      },
    ]);

    await using manager = await world.open();

    expect(await manager.listFlows({ open: true })).toEqual([]);
    expect(await manager.list(world.context)).toEqual([]);
    expect(world.sim.snapshot()).toEqual(before);
  });

  it.each([
    ['running', undefined],
    ['stuck', 'stuck'],
  ] as const)('whose build is %s is undone', async (_state, outcome) => {
    await using world = await startWorld({ machine });
    const before = world.sim.snapshot();
    const { uuid, partitionUri, volumeId } = await oneServer(world);
    const input = { instanceUuid: uuid, name: 'web1', powerOn: true, volumeIds: [volumeId] };
    setInstance(world, "vm_state = 'building', task_state = 'spawning'");
    const ended: JournalEvent[] =
      outcome === undefined ? [] : [{ kind: 'flow-ended', outcome, error: 'no answer', leftBehind: ['partition'] }];
    writeFlows(world, uuid, [
      {
        id: 'b',
        flow: 'build',
        ...(outcome && { outcome }),
        events: [
          begun('build', input as never),
          { kind: 'started', step: 'reserve-volumes' },
          { kind: 'succeeded', step: 'reserve-volumes', output: null },
          { kind: 'started', step: 'spawn' },
          ...ended,
        ],
      },
      {
        id: 'c',
        flow: 'spawn',
        parent: 'b',
        ...(outcome && { outcome }),
        events: [
          begun('spawn', {} as never, 'b'),
          { kind: 'started', step: 'create-partition' },
          { kind: 'succeeded', step: 'create-partition', output: { uri: partitionUri, name: 'p', isOurs: true } },
          ...ended,
        ],
      },
    ]);

    await using manager = await world.open();
    await expect(manager.resumeFlow('c', world.context)).rejects.toMatchObject({ code: 'CONFLICT' });
    if (outcome === 'stuck') await manager.resumeFlow('b', world.context);

    expect(await manager.listFlows({ open: true })).toEqual([]);
    expect(await manager.show('web1', world.context)).toMatchObject({ status: 'ERROR' });
    await manager.delete('web1', world.context);
    expect(world.sim.snapshot()).toEqual(before);
  });
});
