import { describe, expect, test, vi } from 'vitest';
import type { Simulator } from '../../src/simulator/index.ts';
import { startStage } from '../support/stage.ts';
import type { Played, Stage, StageOptions } from '../support/stage.ts';

/*
 * A LUN that is not where Cinder says it is, as an operator meets it: by the command, its exit code and its words. What
 * a machine with storage groups can know before a start it says before the start; a z13 can only try.
 */

const CREATE = 'server create web1 --vcpus 1 --memory 1024 --volume boot-1,boot-index=0'.split(' ');
const CREATE_BOTH = [...CREATE, '--volume', 'data-1'];
/** The first of its kind, and the newest. */
const withGroups = ['z14', 'z17'] as const;
const orders = ['deferred', 'stock'] as const;

interface Fault {
  readonly what: string;
  readonly options?: StageOptions;
  /** Happens as soon as the array has mapped the volume. */
  readonly strike?: (sim: Simulator, volumeId: string) => void;
  readonly ending: string;
  readonly cause: RegExp;
  /** What a discovery shows of a LUN that is masked under another number. */
  readonly instead?: RegExp;
}

const faults: readonly Fault[] = [
  {
    what: 'not zoned',
    options: { san: { zoning: { policy: 'manual' } } },
    ending: 'the target WWPN is not reachable (484)',
    cause: /likely cause: zoning: no active zone/,
  },
  {
    what: 'not masked',
    // The array believes that it presents the LUN, and takes that back without complaint.
    options: { cinder: { strictTerminate: false } },
    strike: (sim, volumeId) => sim.san.unmask(volumeId),
    ending: 'the target answers, the LUN does not (485)',
    cause: /likely cause: masking, or the number of the LUN/,
  },
  {
    what: 'of another number',
    strike: (sim, volumeId) => sim.san.renumberLun(volumeId, '0007000000000000'),
    ending: 'the target answers, the LUN does not (485)',
    cause: /likely cause: masking, or the number of the LUN/,
    instead: /DPM found in its place, 6005076[0-9A-F]{25} of 10 GiB, LUN 0007000000000000/,
  },
];

/** From now on the volumes that are struck are mapped wrongly; the array forgets their zones with them all the same. */
function strikeWhenMapped(sim: Simulator, { strike }: Fault, isStruck: (volumeId: string) => boolean = () => true) {
  if (strike === undefined) return;
  const map = sim.san.mapVolume.bind(sim.san);
  const unmap = sim.san.unmapVolume.bind(sim.san);
  const targets = sim.san.arrays.flatMap(({ ports }) => ports.map(({ wwpn }) => wwpn));
  vi.spyOn(sim.san, 'mapVolume').mockImplementation((request) => {
    const shown = map(request);
    if (isStruck(request.volumeId)) strike(sim, request.volumeId);
    return shown;
  });
  vi.spyOn(sim.san, 'unmapVolume').mockImplementation((volumeId, initiators, wholeHost) => {
    const known = sim.san.snapshot().arrays.some(({ masks }) => masks.some((mask) => mask.volumeId === volumeId));
    const released = unmap(volumeId, initiators, wholeHost);
    const isLast = (wwpn: string) =>
      !sim.san.snapshot().arrays.some(({ masks }) => masks.some((mask) => mask.initiators.includes(wwpn)));
    if (known || initiators === undefined) return released;
    return Object.fromEntries(initiators.filter(isLast).map((initiator) => [initiator, targets]));
  });
}

interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly left_behind: readonly string[] };
}

/** The command failed and was rolled back, and reports it in the same words to programs and to people. */
function expectPutBack(ran: Played): string {
  const { error } = ran.printed as Failure;
  expect({ code: ran.code, left: error.left_behind }).toEqual({ code: 1, left: [] });
  expect(ran.stderr).toContain(error.message);
  return error.message;
}

async function expectGone({ sim, dpm }: Stage, before: ReturnType<Simulator['snapshot']>): Promise<void> {
  expect(await dpm('server', 'show', 'web1')).toMatchObject({ code: 0, printed: { status: 'ERROR' } });
  expect((await dpm('verify')).printed).toEqual([]);
  expect((await dpm('server', 'delete', 'web1')).code).toBe(0);
  expect(sim.snapshot()).toEqual(before);
}

const endingOf = (text: string) => text.replaceAll(/[()]/g, '\\$&');
const groupPath = (ending: string, lun: string) =>
  new RegExp(
    `initiator c05076[0-9a-f]{10} on adapter port [0-9a-f-]{36}:0, target 500507680[1-4]160417[0-9a-f, ]*, LUN ${lun}: ${endingOf(ending)}`,
  );

describe.each(withGroups)('on a %s', (machine) => {
  describe.each(orders)('in the %s order', (order) => {
    test.each(faults)('names a boot LUN that is $what before the start, and rolls the spawn back', async (fault) => {
      await using stage = await startStage({ machine, set: { 'dpm.spawn_order': order }, ...fault.options });
      const { sim, dpm } = stage;
      const before = sim.snapshot();
      strikeWhenMapped(sim, fault);

      const message = expectPutBack(await dpm(...CREATE));

      expect(message).toMatch(fault.cause);
      expect(message).toMatch(groupPath(fault.ending, '0{16}'));
      expect(sim.log.byOperation()).not.toHaveProperty('Start Partition');
      await expectGone(stage, before);
    });
  });

  test.each(faults.filter(({ strike }) => strike !== undefined))(
    'names a data LUN that is $what, before the start and in a later attach',
    async (fault) => {
      await using stage = await startStage({ machine, ...fault.options });
      const { sim, dpm } = stage;
      const before = sim.snapshot();
      const dataId = sim.volumes[2]?.id;
      strikeWhenMapped(sim, fault, (volumeId) => volumeId === dataId);

      const created = expectPutBack(await dpm(...CREATE_BOTH));
      expect(created).toMatch(fault.cause);
      expect(created).toMatch(groupPath(fault.ending, '0001[0]{12}'));
      if (fault.instead === undefined) expect(created).not.toContain('in its place');
      else expect(created).toMatch(fault.instead);
      expect(sim.log.byOperation()).not.toHaveProperty('Start Partition');
      await expectGone(stage, before);

      expect((await dpm(...CREATE)).code).toBe(0);
      const running = sim.snapshot();
      const attached = expectPutBack(await dpm('server', 'add', 'volume', 'web1', 'data-1'));
      expect(attached).toMatch(fault.cause);
      expect(attached).toMatch(groupPath(fault.ending, '0001[0]{12}'));
      expect(sim.snapshot()).toEqual(running);
      expect((await dpm('server', 'delete', 'web1')).code).toBe(0);
    },
  );
});

describe('on a z13, which can test a path only by booting over it', () => {
  describe.each(orders)('in the %s order', (order) => {
    test.each(faults)(
      'names a boot LUN that is $what with every path that was tried, and rolls the spawn back',
      async (fault) => {
        await using stage = await startStage({ machine: 'z13', set: { 'dpm.spawn_order': order }, ...fault.options });
        const { sim, dpm } = stage;
        const before = sim.snapshot();
        strikeWhenMapped(sim, fault);

        const message = expectPutBack(await dpm(...CREATE));

        expect(message).toMatch(
          /initiator c05076[0-9a-f]{10} on adapter port [0-9a-f-]{36}:0, target 500507680[1-4]160417, LUN 0{16}: status "paused"/,
        );
        expect(message).toMatch(
          /likely cause: zoning, masking or the number of the LUN, or a volume that holds nothing/,
        );
        await expectGone(stage, before);
      },
    );
  });
});
