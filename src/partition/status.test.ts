import { describe, expect, test } from 'vitest';
import {
  deletableStatuses,
  partitionStatuses,
  powerStateOf,
  resourceHoldingStatuses,
  runningStatuses,
  startableStatuses,
  stoppableStatuses,
  transitionalStatuses,
  unknowableStatuses,
} from './index.ts';

/**
 * The HMC's statuses, as the books and the corrections of those who run such machines have them (IBM WS API,
 * Partition object: Data model, Z16M-A01; zhmc-ansible-modules module_utils/common.py):
 * start, stop and delete are accepted or not; R holds resources, O the operating system runs, T is on its way, ? nobody
 * can tell. The last column is Nova's power state (nova objects/fields.py and compute/power_state.py).
 */
const known = [
  ['stopped', 'start', '', 'delete', '', 'shutdown'],
  ['starting', '', '', '', 'R T', 'nostate'],
  ['active', '', 'stop', '', 'R O', 'running'],
  ['degraded', '', 'stop', '', 'R O', 'running'],
  ['paused', '', 'stop', '', 'R', 'shutdown'],
  ['terminated', '', 'stop', '', 'R', 'crashed'],
  ['stopping', '', '', '', 'R T', 'nostate'],
  ['reservation-error', 'start', '', 'delete', '', 'shutdown'],
  ['communications-not-active', '', '', '', '?', 'nostate'],
  ['status-check', '', '', '', '?', 'nostate'],
] as const;

describe('a partition in status', () => {
  test.each(known)(
    '%s may be asked to "%s" "%s" "%s"; %s; Nova says %s',
    (status, start, stop, remove, marks, power) => {
      const has = (mark: string) => marks.split(' ').includes(mark);

      expect(startableStatuses.has(status)).toBe(start !== '');
      expect(stoppableStatuses.has(status)).toBe(stop !== '');
      expect(deletableStatuses.has(status)).toBe(remove !== '');
      expect(resourceHoldingStatuses.has(status)).toBe(has('R'));
      expect(runningStatuses.has(status)).toBe(has('O'));
      expect(transitionalStatuses.has(status)).toBe(has('T'));
      expect(unknowableStatuses.has(status)).toBe(has('?'));
      expect(powerStateOf(status)).toBe(power);
    },
  );
});

describe('the tables of statuses', () => {
  test('know each status of the table, spelled as there, and no other', () => {
    expect([...partitionStatuses].toSorted()).toEqual(known.map(([status]) => status).toSorted());
  });

  test("leave no status without a way to go on: it can be started, stopped, waited for, or is nobody's to act on", () => {
    const ways = [startableStatuses, stoppableStatuses, transitionalStatuses, unknowableStatuses];

    for (const status of partitionStatuses) {
      expect([status, ways.filter((way) => way.has(status)).length]).toEqual([status, 1]);
    }
  });

  test.each(['', 'ACTIVE', 'not-activated', 'constructor', '__proto__'])('have nothing to say of "%s"', (status) => {
    expect(powerStateOf(status)).toBe('nostate');
    expect(runningStatuses.has(status)).toBe(false);
  });
});
