import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { journaled } from './flows.ts';
import { killAll } from './kill.ts';
import { openStage } from './stage.ts';
import type { Course, Stage } from './stage.ts';

const build = journaled.find(({ name }) => name === 'build')!; // it is in that list
const remove = journaled.find(({ name }) => name === 'delete')!; // so is this

/** As if the recovery did not see what was open. */
function hideOpenFlows({ world }: Stage): Promise<void> {
  const database = new DatabaseSync(join(world.statePath, 'state.db'));
  const event = JSON.stringify({ kind: 'flow-ended', outcome: 'completed' });
  database.exec('begin');
  for (const { id } of database.prepare('select id from flow where outcome is null').all()) {
    database.prepare('insert into event (flow_id, event) values (?, ?)').run(String(id), event);
    database.prepare("update flow set outcome = 'completed', ended_at = started_at where id = ?").run(String(id));
  }
  database.exec('commit');
  database.close();
  return Promise.resolve();
}

it('detects a recovery that overlooks the objects of a killed build', async () => {
  await using stage = await openStage({ machine: 'z13' });
  const kills = ({ acts }: Course) => [
    { at: 'after-act', index: acts.findIndex(({ name }) => name.endsWith('map-volumes')) } as const,
  ];

  const overlooked = await killAll(stage, build, { kills, between: hideOpenFlows });
  const seen = await killAll(stage, build, { kills });

  expect(overlooked.problems).toEqual([expect.stringMatching(/verify finds \[\{"kind":"partition"/)]);
  expect(seen.problems).toEqual([]);
  expect(seen.outcomes).toEqual(['undone']);
});

it('reports a kill that did not happen as a failure', async () => {
  await using stage = await openStage({ machine: 'z13' });

  const toll = await killAll(stage, remove, { kills: () => [{ at: 'after-record', index: 1_000 }] });

  expect(toll.problems).toEqual([expect.stringContaining('the worker survived')]);
});
