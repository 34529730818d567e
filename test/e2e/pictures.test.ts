import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFiles } from '../support/packages.ts';
import { startStage } from '../support/stage.ts';
import type { Stage, StageOptions } from '../support/stage.ts';

/*
 * The pictures of docs/storage-guide.md are what `dpm volume paths … --svg` writes. `vitest --update` writes them again.
 */

/** Deactivates the adapter of the second initiator. */
function breakAdapter({ sim }: Stage): void {
  const [port] = sim.settings().dpm?.physical_storage_adapter_mappings?.slice(1) ?? [];
  const adapter = sim.hmc.model.find('adapter', `/api/adapters/${port?.split(':')[0]}`);
  adapter!.props.status = 'not-active';
}

interface Picture {
  readonly file: string;
  readonly options: StageOptions;
  readonly change: (stage: Stage) => void;
  readonly states: readonly string[];
}

const pictures: readonly Picture[] = [
  {
    file: 'paths-z13.svg',
    options: {
      ...{ machine: 'z13', adapters: 4, cinder: { connectionShape: 'single-fabric' } },
      set: { 'dpm.target_wwpn_ignore_list': '5005076803160417, 5005076804160417' },
    },
    change: breakAdapter,
    states: ['adapter-down', 'configured', 'configured', 'configured'],
  },
  {
    file: 'paths-z16.svg',
    options: { machine: 'z16', adapters: 2 },
    change: () => undefined,
    states: ['active', 'target-unreachable'].flatMap((state) => Array<string>(4).fill(state)),
  },
];

test.each(pictures)('$file shows the simulated machine as the command draws it', async (picture) => {
  using directory = temporaryFiles({ 'old.svg': 'what is there is replaced' });
  await using stage = await startStage(picture.options);
  const created = await stage.dpm('server', 'create', 'web1', '--vcpus', '1', '--memory', '1024', '--volume', 'boot-1');
  const { id } = created.printed as { id: string }; // as interfaces.md section 3 has it
  picture.change(stage);
  const file = join(directory.path, 'old.svg');

  const { printed } = await stage.dpm('volume', 'paths', 'boot-1', '--svg', file);

  const states = (printed as readonly { state: string }[]).map(({ state }) => state);
  expect(states.toSorted()).toEqual(picture.states);
  const drawn = readFileSync(file, 'utf8');
  expect(drawn, 'names, not UUIDs').not.toContain(id.slice(-10));
  await expect(drawn).toMatchFileSnapshot(join('..', '..', 'docs', 'images', picture.file));
});

test('list-paths --svg draws every volume', async () => {
  using directory = temporaryFiles();
  await using stage = await startStage();
  for (const [name, volume] of [
    ['web1', 'boot-1'],
    ['web2', 'boot-2'],
  ] as const) {
    await stage.dpm('server', 'create', name, '--vcpus', '1', '--memory', '1024', '--volume', volume);
  }
  const file = join(directory.path, 'all.svg');

  expect((await stage.dpm('volume', 'list-paths', '--svg', file)).code).toBe(0);

  const drawn = readFileSync(file, 'utf8');
  expect(drawn).toContain('>Volume boot-1 – server web1<');
  expect(drawn).toContain('>Volume boot-2 – server web2<');
});

test('a new picture has the permissions of other new files, and an overwritten one keeps its own', async () => {
  using directory = temporaryFiles();
  await using stage = await startStage();
  const [fresh, old] = [join(directory.path, 'new.svg'), join(directory.path, 'old.svg')];
  const plain = join(directory.path, 'plain');
  writeFileSync(plain, '');
  writeFileSync(old, '', { mode: 0o640 });

  expect((await stage.dpm('volume', 'paths', 'boot-1', '--svg', fresh)).code).toBe(0);
  await stage.dpm('volume', 'paths', 'boot-1', '--svg', old);

  const modeOf = (file: string) => statSync(file).mode & 0o777;
  expect([modeOf(fresh), modeOf(old)]).toEqual([modeOf(plain), 0o640]);
});
