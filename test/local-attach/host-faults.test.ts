import { expect, test } from 'vitest';
import { everything, expectNothingLeft, startScene } from './scene.ts';
import type { Scene } from './scene.ts';

const request = { volume: 'data-1', mountpoint: '/mnt/data', multipath: true, enforceMultipath: false } as const;
const attach = { ...request, mode: 'rw' } as const;
const detach = { ...request, force: false } as const;

/**
 * Attaches and detaches with one thing going wrong, and brings it to its end as a person would: what is stuck is resumed,
 * what failed is asked for again, with nothing in the way. Then nothing may be left, on any side.
 */
async function live(scene: Scene, where: string, before: unknown): Promise<void> {
  const { context } = scene.world;
  await using manager = await scene.open();
  const ends: string[] = [];
  for (const verb of [() => manager.localAttach(attach, context), () => manager.localDetach(detach, context)]) {
    const end: unknown = await verb().then(
      () => 'done',
      (error: unknown) => error,
    );
    ends.push(end instanceof Error && 'code' in end ? String(end.code) : String(end));
    const codes = ['done', 'FLOW_ROLLED_BACK', 'FLOW_STUCK'];
    expect(codes, `${where}: ${String(end)}`).toContain(ends.at(-1));
    if (end instanceof Error && ends.at(-1) === 'FLOW_STUCK') {
      expect(end, where).toHaveProperty('leftBehind.0', expect.any(String));
    }
    for (const { id, state } of await manager.listFlows({ open: true })) {
      expect(state, where).toBe('stuck');
      await manager.resumeFlow(id, context);
    }
  }
  scene.host.mend();
  await manager.localDetach(detach, context);
  await expectNothingLeft(scene, before, `${where} (${ends.join(', ')})`);
  expect(await manager.verify(context), where).toEqual([]);
}

/** How a write and a command can fail; null is a command that never ends, and is ended. */
const failures = {
  write: ['EIO', 'EBUSY', 'ENODEV'],
  run: [{ status: 1, stderr: 'struck' }, { status: null }, 'ENOENT'],
} as const;

test.each([
  { name: 'with automatic LUN scan', linux: {}, wanted: /./ },
  // The rest is the same.
  { name: 'with units', linux: { allowLunScan: false }, wanted: /unit_/ },
] as const)('the host, $name: each write and each command fails in turn, in each way', async ({ linux, wanted }) => {
  await using scene = await startScene({ linux });
  const before = everything(scene);
  await live(scene, 'undisturbed', before);
  // Names of devices differ from one attach to the next: what is done is told by its kind and place in the order.
  const kinds = [
    ...new Set(
      scene.host.log.map((line) => line.replaceAll(/sd[a-z]+|dm-\d+|mpath[a-z]+|host\d+|\d+:\d+:\d+:\d+/g, '*')),
    ),
  ];
  for (const kind of kinds.filter((each) => wanted.test(each))) {
    const pattern = kind.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
    const line = new RegExp(`^${pattern.join('[\\w:-]+')}$`);
    for (const failure of kind.startsWith('write') ? failures.write : failures.run) {
      scene.host.fail(line, failure, 1);
      await live(scene, `${kind}: ${JSON.stringify(failure)}`, before);
    }
  }
  expect(kinds.length).toBeGreaterThan(6);
});
