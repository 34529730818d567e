import { expect, it, vi } from 'vitest';
import { mutable } from '../support/mutant.ts';
import { Hunt, planted } from './hunt.ts';
import type { Mutant } from './hunt.ts';
import { engineMutants, groupMutants, loneGroupMutants, loneMutants, vhbaMutants } from './mutants.ts';
import type { StageOptions } from './stage.ts';

/* Would the matrix notice? */

vi.mock(import('../../src/compute/journal/run.ts'), async (original) =>
  plant('src/compute/journal/run.ts', await original()),
);
vi.mock(import('../../src/spawn/attach.ts'), async (original) => plant('src/spawn/attach.ts', await original()));
vi.mock(import('../../src/spawn/destroy.ts'), async (original) => plant('src/spawn/destroy.ts', await original()));
vi.mock(import('../../src/spawn/park.ts'), async (original) => plant('src/spawn/park.ts', await original()));
vi.mock(import('../../src/spawn/spawn.ts'), async (original) => plant('src/spawn/spawn.ts', await original()));

function plant<M extends object>(file: string, original: M): M {
  return mutable(original, () => (planted.file === file ? planted.exports : undefined));
}

const worlds: readonly { readonly title: string; readonly world: StageOptions; readonly mutants: readonly Mutant[] }[] =
  [
    { title: 'the engine', world: { machine: 'z13' }, mutants: engineMutants },
    { title: 'the verbs, with vHBAs', world: { machine: 'z13', withPayroll: true }, mutants: vhbaMutants },
    { title: 'the verbs, with storage groups', world: { machine: 'z16' }, mutants: groupMutants },
    { title: 'the verbs by themselves, with vHBAs', world: { machine: 'z13', withStock: true }, mutants: loneMutants },
    {
      title: 'the verbs by themselves, with storage groups',
      world: { machine: 'z16', withStock: true },
      mutants: loneGroupMutants,
    },
  ];

it.each(worlds)(
  'of $title: a row fails for each planted defect, for the right reason',
  { timeout: 600_000 },
  async (each) => {
    await using hunt = await Hunt.start(each.world);
    const [caught, missed]: [string[], string[]] = [[], []];
    for (const mutant of each.mutants)
      await hunt.hunt(mutant).then(
        (line) => caught.push(line),
        (error: unknown) => missed.push(String(error)),
      );

    console.log(`mutants of ${each.title}:\n${caught.join('\n')}`);
    expect(missed).toEqual([]);
    expect(caught).toHaveLength(each.mutants.length);
  },
);
