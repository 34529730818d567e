import { describe, expect, it } from 'vitest';

import { Agenda, ManualClock } from './clock.ts';

describe('Agenda', () => {
  it('lets happen what is due, in order of time and then of arrangement, and nothing else', () => {
    const clock = new ManualClock();
    const agenda = new Agenda(clock);
    const seen: string[] = [];
    agenda.after(20, () => seen.push('b'));
    agenda.after(10, () => seen.push('a1'));
    agenda.after(10, () => seen.push('a2'));
    agenda.after(21, () => seen.push('c'));
    agenda.after(Infinity, () => seen.push('never'));

    agenda.settle();
    expect(seen).toEqual([]);
    clock.advance(20);
    agenda.settle();
    expect(seen).toEqual(['a1', 'a2', 'b']);
    clock.advance(1e9);
    agenda.settle();
    agenda.settle();
    expect(seen).toEqual(['a1', 'a2', 'b', 'c']);
  });

  it('lets happen at once what an event arranges for its own moment', () => {
    const agenda = new Agenda(new ManualClock());
    const seen: number[] = [];
    agenda.after(0, () => agenda.after(0, () => seen.push(1)));

    agenda.settle();

    expect(seen).toEqual([1]);
  });
});
