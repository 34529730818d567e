import { describe, expect, test } from 'vitest';
import type { FaultKind } from '../../src/simulator/index.ts';
import { everything, startScene } from './scene.ts';
import type { Scene } from './scene.ts';

const request = { volume: 'data-1', mountpoint: '/mnt/data', multipath: true, enforceMultipath: false } as const;
const attach = { ...request, mode: 'rw' } as const;
const detach = { ...request, force: false } as const;

/**
 * Attaches and detaches with one thing going wrong, and brings it to its end as a person would: what is stuck is resumed,
 * what failed is asked for again, with nothing in the way. Then nothing may be left, on any side.
 */
async function live(scene: Scene, where: string, before: unknown, calm: () => void = () => undefined): Promise<void> {
  const { context } = scene.world;
  await using manager = await scene.open();
  const ends: string[] = [];
  for (const verb of [() => manager.localAttach(attach, context), () => manager.localDetach(detach, context)]) {
    const end: unknown = await verb().then(
      () => 'done',
      (error: unknown) => error,
    );
    ends.push(end instanceof Error && 'code' in end ? String(end.code) : String(end));
    const codes = ['done', 'FLOW_ROLLED_BACK', 'FLOW_STUCK', 'CINDER_HTTP', 'CINDER_CONNECTION', 'RETRIES_EXHAUSTED'];
    expect(codes, `${where}: ${String(end)}`).toContain(ends.at(-1));
    if (end instanceof Error && ends.at(-1) === 'FLOW_STUCK') {
      expect(end, where).toHaveProperty('leftBehind.0', expect.any(String));
    }
    for (const { id, state } of await manager.listFlows({ open: true })) {
      expect(state, where).toBe('stuck');
      await manager.resumeFlow(id, context);
    }
  }
  calm();
  await manager.localDetach(detach, context);
  expect(everything(scene), `${where} (${ends.join(', ')})`).toEqual(before);
  expect(await manager.verify(context), where).toEqual([]);
  expect(scene.host.violations, where).toEqual([]);
}

describe.each([
  { name: 'an error, although it was done', kind: { type: 'refuse', status: 500, effect: 'done' } },
  { name: 'no answer, although it was done', kind: { type: 'drop', when: 'after' } },
  { name: 'a refusal', kind: { type: 'refuse', status: 409 } },
] as const satisfies readonly { name: string; kind: FaultKind }[])('Cinder: $name', ({ kind }) => {
  test.each([
    { flow: 'attachments', options: {} },
    { flow: 'actions of old', options: { cinder: { maxMicroversion: '3.43' } } },
  ])('to each request in turn ($flow)', async ({ options }) => {
    await using scene = await startScene(options);
    const before = everything(scene);
    const { faults } = scene.world.sim;
    let isStruck = true;
    let skip = 0;
    for (; isStruck; skip += 1) {
      faults.add({ id: 'one', server: 'cinder', operation: '*', when: { skip }, kind });
      await live(scene, `request ${skip + 1}`, before, () => {
        isStruck = faults.struck('one') > 0;
        faults.clear();
      });
    }
    expect(skip, 'requests that were struck').toBeGreaterThan(10);
  });
});

test('the host: each write and each command fails in turn', async () => {
  await using scene = await startScene();
  const before = everything(scene);
  await live(scene, 'undisturbed', before);
  // Names of devices differ from one attach to the next: what is done is told by its kind and place in the order.
  const kinds = [
    ...new Set(
      scene.host.log.map((line) => line.replaceAll(/sd[a-z]+|dm-\d+|mpath[a-z]+|host\d+|\d+:\d+:\d+:\d+/g, '*')),
    ),
  ];
  for (const kind of kinds) {
    const pattern = kind.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
    scene.host.fail(
      new RegExp(`^${pattern.join('[\\w:-]+')}$`),
      kind.startsWith('write') ? 'EIO' : { status: 1, stderr: 'struck' },
      1,
    );
    await live(scene, kind, before);
  }
  expect(kinds.length).toBeGreaterThan(6);
});
