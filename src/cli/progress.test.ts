import type { StepEvent } from '../base/index.ts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openProgress } from './progress.ts';
import type { ProgressOptions } from './progress.ts';

let now = 0;
let writes: string[] = [];

function open(style: ProgressOptions['style'], color = false, columns?: number) {
  const write = (text: string) => {
    writes.push(text);
  };
  return openProgress({ sink: { write, isTerminal: style === 'live', columns }, style, color, clock: () => now });
}

function event(step: string, state: StepEvent['state'], more: Partial<StepEvent> = {}): StepEvent {
  return { flow: 'spawn', flowId: 'f1', step, state, ...more };
}

/** What a terminal shows after all that was written to it. */
function screen(): readonly string[] {
  const lines: string[] = [];
  for (const write of writes) {
    const [, up, rest = write] = /^\u001B\[(\d+)F\u001B\[0J(.*)$/s.exec(write) ?? [];
    if (up !== undefined) lines.splice(lines.length - Number(up));
    lines.push(...rest.split('\n').slice(0, -1));
  }
  return lines;
}

beforeEach(() => {
  vi.useFakeTimers();
  now = 0;
  writes = [];
});

afterEach(() => {
  vi.useRealTimers();
});

describe('elsewhere than on a terminal', () => {
  test('each end of a step is a line, and what only goes on is none', () => {
    const progress = open('plain');

    progress.onStep(event('create-partition', 'running'));
    progress.onStep(event('create-partition', 'done', { ms: 1234 }));
    progress.onStep(event('set-boot', 'failed', { ms: 5, detail: 'refused\nwith 409.1' }));
    progress.onStep(event('create-partition', 'undoing'));
    progress.onStep(event('create-partition', 'undone', { ms: 10 }));
    progress.write('a line of the log\n');

    expect(writes).toEqual([
      'done     spawn: create-partition               1.23 s\n',
      'failed   spawn: set-boot                       0.01 s  refused with 409.1\n',
      'undone   spawn: create-partition               0.01 s\n',
      'a line of the log\n',
    ]);
  });

  test('nothing is shown where nobody wants it, but what is written comes through', () => {
    const progress = open('none');

    progress.onStep(event('create-partition', 'done', { ms: 1 }));
    progress.write('a warning\n');
    progress.end();

    expect(writes).toEqual(['a warning\n']);
  });
});

describe('on a terminal', () => {
  test('what runs is shown with its growing time, below what ended', () => {
    const progress = open('live');
    progress.onStep(event('create-partition', 'running'));
    now = 100;
    progress.onStep(event('create-partition', 'done', { ms: 100 }));
    progress.onStep(event('start-partition', 'running'));
    now = 2100;
    vi.advanceTimersByTime(120);

    expect(screen()).toEqual([
      'done     spawn: create-partition               0.10 s',
      'running  spawn: start-partition                2.00 s',
    ]);
    progress.end();
    expect(screen()).toEqual(['done     spawn: create-partition               0.10 s']);
  });

  test('a detail comes and stays while the step runs', () => {
    const progress = open('live');
    progress.onStep(event('start-partition', 'running'));
    progress.onStep(event('start-partition', 'progress', { detail: 'trying the next path' }));

    expect(screen()).toEqual(['running  spawn: start-partition                0.00 s  trying the next path']);
    progress.end();
  });

  test('other lines go above what runs and do not tear it', () => {
    const progress = open('live');
    progress.onStep(event('start-partition', 'running'));
    progress.write('dpm: warning: something\n');

    expect(screen()).toEqual(['dpm: warning: something', 'running  spawn: start-partition                0.00 s']);
    progress.end();
  });

  test('no line is longer than the terminal, and no more lines than it can hold', () => {
    const progress = open('live', false, 40);
    for (let index = 0; index < 30; index += 1) {
      progress.onStep({ ...event('start-partition', 'running', { detail: 'x'.repeat(80) }), flowId: `f${index}` });
    }

    expect(screen()).toHaveLength(9);
    expect(screen().at(-1)).toContain('and 22 more');
    expect(Math.max(...screen().map((line) => line.length))).toBeLessThan(40);
    progress.end();
    expect(screen()).toEqual([]);
  });

  test('nothing is redrawn and no timer is left once nothing runs', () => {
    const progress = open('live');
    progress.onStep(event('start-partition', 'running'));
    progress.onStep(event('start-partition', 'stuck', { ms: 1 }));
    const before = writes.length;
    vi.advanceTimersByTime(5_000);

    expect(writes).toHaveLength(before);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('colour is used only where it is wanted', () => {
    open('live', true).onStep(event('a', 'done', { ms: 1 }));
    expect(writes.join('')).toContain('\u001B[32mdone');

    writes = [];
    open('live', false).onStep(event('a', 'done', { ms: 1 }));
    expect(writes.join('')).not.toContain('\u001B[32m');
  });
});
