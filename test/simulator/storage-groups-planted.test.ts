import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type * as identity from '../../src/partition/storage-group/identity.ts';
import { cases, openIdentityStage } from '../support/identity.ts';

/*
 * Would the test of identity notice? Matchers that guess are put in the place of the right one, each the mistake that
 * is nearest at hand.
 */

type Identify = typeof identity.identify;
type IsSame = (...given: Parameters<typeof identity.isSame>) => boolean;

const planted = vi.hoisted(() => ({ isSame: undefined as IsSame | undefined }));

vi.mock(import('../../src/partition/storage-group/identity.ts'), async (importOriginal) => {
  const original = await importOriginal();
  const identify: Identify = (volumes, wanted, initiatorOf) => {
    const guess = planted.isSame;
    if (guess === undefined) return original.identify(volumes, wanted, initiatorOf);
    const pairs = wanted.map((want) => [want, volumes.find((volume) => guess(volume, want, initiatorOf))] as const);
    const found = new Map(pairs.flatMap(([want, volume]) => (volume === undefined ? [] : [[want.volumeId, volume]])));
    const isDone = ({ volumeId }: { readonly volumeId: string }) =>
      original.isUsable(found.get(volumeId) ?? { fulfillmentState: undefined });
    return { found, pending: wanted.filter((want) => !isDone(want)), changes: [], accept: [] };
  };
  return { ...original, identify };
});

const mistakes: readonly { readonly what: string; readonly isSame: IsSame }[] = [
  { what: 'goes by the name', isSame: (volume, want) => volume.name === want.volumeId },
  { what: 'goes by the size', isSame: (volume, want) => volume.sizeGib === want.sizeGib },
  {
    what: 'goes by the LUN alone, and the name',
    isSame: (volume, want) =>
      volume.name === want.volumeId || volume.paths.some(({ lun }) => want.paths.some((path) => path.lun === lun)),
  },
];

test('the matcher that is not replaced passes', { timeout: 60_000 }, async () => {
  planted.isSame = undefined;
  await using stage = await openIdentityStage();

  await fc.assert(fc.asyncProperty(cases, stage.live), { numRuns: 20, seed: 1 });
});

test.each(mistakes)('a matcher that $what is caught', { timeout: 60_000 }, async ({ isSame }) => {
  await using stage = await openIdentityStage();
  planted.isSame = isSame;

  const result = await fc.check(fc.asyncProperty(cases, stage.live), { numRuns: 100, seed: 1, endOnFailure: true });

  expect(result.failed).toBe(true);
  expect(String(result.errorInstance)).toContain('AssertionError');
});
