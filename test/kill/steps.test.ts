import { expect, it } from 'vitest';
import { managerFlows } from '../../src/compute/manager-flows.ts';
import { allFlows } from '../faults/flows.ts';
import { journaled } from './flows.ts';
import { learn, openStage } from './stage.ts';
import { optionsOf } from './suite.ts';

const [build] = journaled;

/** Acts that need settings of their own, a way back, a third-party volume driver, groups of others, or a manager that cannot unmap. */
const elsewhere: ReadonlySet<string> = new Set([
  'spawn/find-storage-group',
  'spawn/attach-storage-group',
  'spawn/log-in-ports',
  'prepare-for-spawn/log-in-ports',
  'attach-volume/roll-back-volume',
  'detach-volume/reconnect-volume',
  'destroy/delete-nics',
  'destroy/park-partition',
  'destroy/disconnect-volumes',
  'destroy/detach-storage-groups',
]);

it('the flows with kills contain each step and each act of the driver', async () => {
  const seen = new Set<string>();
  for (const order of ['deferred', 'stock'] as const) {
    await using stage = await openStage(optionsOf({ machine: 'z16', order, cinder: 'attachments' }));
    for (const flow of order === 'deferred' ? journaled : [build!]) {
      const { records, acts } = await learn(stage, flow);
      for (const record of records) seen.add(record.replace(/^([^/]+)\/started (.+)$/, '$1/$2'));
      for (const { name } of acts) seen.add(name);
    }
  }

  const names = new Set([
    ...managerFlows.map(({ name }) => name),
    'spawn',
    'prepare-for-spawn',
    'destroy',
    'attach-volume',
    'detach-volume',
    'switch-boot',
  ]);
  const wanted = allFlows
    .filter(({ name }) => names.has(name))
    .flatMap(({ name, steps }) => steps.map((step) => `${name}/${step.name}`));
  expect(wanted.filter((step) => !seen.has(step) && !elsewhere.has(step))).toEqual([]);
  expect(wanted.length).toBeGreaterThan(40);
});
