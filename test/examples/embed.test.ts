import { describe, expect, test } from 'vitest';
import { serveOnce } from '../../examples/embed.ts';
import { neverAborted } from '../../src/base/index.ts';
import { startWorld } from '../support/world.ts';

const what = { server: 'web1', bootVolume: 'boot-1', dataVolume: 'data-1', signal: neverAborted() };

describe.each(['z13', 'z16'] as const)('the example compute manager on a %s', (machine) => {
  test('serves a server from spawn to delete, and leaves everything as it was', async () => {
    await using world = await startWorld({ machine });
    const before = world.sim.snapshot();
    const lines: string[] = [];

    await serveOnce(world.settings, { ...what, baseDir: world.statePath, say: (line) => lines.push(line) });

    expect(lines).toEqual(['web1 is running', 'data-1 is attached as /dev/sdb', 'data-1 is detached', 'web1 is gone']);
    expect(world.sim.snapshot()).toEqual(before);
  });

  test('rolls everything back when the volume to attach does not exist', async () => {
    await using world = await startWorld({ machine });
    const before = world.sim.snapshot();
    const missing = { ...what, dataVolume: 'data-9', baseDir: world.statePath, say: () => undefined };

    await expect(serveOnce(world.settings, missing)).rejects.toThrow('volume "data-9" does not exist');
    expect(world.sim.snapshot()).toEqual(before);
  });
});
