/* A read-only attach is recorded and shown, and warns that only the guest can enforce it. */
import { expect, test } from 'vitest';
import { startStage } from '../support/stage.ts';

const flows = [
  ['attachments', {}],
  ['legacy', { cinder: { maxMicroversion: '3.43' } }],
] as const;

test.each(flows)(
  'a read-only attach is shown, and warns that the guest must mount it read-only (%s)',
  async (_flow, options) => {
    await using stage = await startStage(options);
    const before = stage.sim.snapshot();
    await stage.dpm('server', 'create', 'web1', '--vcpus', '1', '--memory', '1024', '--volume', 'boot-1');

    const writing = await stage.dpm('server', 'add', 'volume', 'web1', 'data-1');
    const reading = await stage.dpm('server', 'add', 'volume', 'web1', 'data-2', '--mode', 'ro');
    await stage.dpm('server', 'remove', 'volume', 'web1', 'data-2');
    const deleted = await stage.dpm('server', 'delete', 'web1');

    expect([writing.code, reading.code, deleted.code]).toEqual([0, 0, 0]);
    expect(writing.stderr).not.toContain('mount it read-only');
    expect(reading.stderr.match(/mount it read-only in the guest/g)).toHaveLength(1);
    expect(reading.printed).toMatchObject({ volumes: [{ mode: 'rw' }, { mode: 'rw' }, { mode: 'ro' }] });
    expect(stage.sim.snapshot()).toEqual(before);
  },
);
