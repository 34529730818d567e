export { dutyIntervals, startDuties } from './duties.ts';
export type { Clock, DutiesOptions, DutyEnd, DutyName } from './duties.ts';
