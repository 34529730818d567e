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
  return { flow: 'spawn', flowId: 'f1', subject: 'web1', step, state, ...more };
}

/** Returns the lines on the terminal after everything that was written to it. */
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

describe('outside a terminal', () => {
  test('prints one line for each step that ended, in words', () => {
    const progress = open('plain');

    progress.onStep(event('create-partition', 'running'));
    progress.onStep(event('create-partition', 'done', { ms: 1234 }));
    progress.onStep(event('set-boot', 'failed', { ms: 5, detail: 'refused\nwith 409.1' }));
    progress.onStep(event('create-partition', 'undoing'));
    progress.onStep(event('create-partition', 'undone', { ms: 10 }));
    progress.write('a line of the log\n');

    expect(writes).toEqual([
      'done     web1: creating the partition                                   1.23 s\n',
      'failed   web1: setting the boot properties                              0.01 s  refused with 409.1\n',
      'undone   web1: creating the partition                                   0.01 s\n',
      'a line of the log\n',
    ]);
  });

  test('prints nothing but the written lines with --quiet', () => {
    const progress = open('none');

    progress.onStep(event('create-partition', 'done', { ms: 1 }));
    progress.write('a warning\n');
    progress.end();

    expect(writes).toEqual(['a warning\n']);
  });

  test('prints nothing for a step that took no time, or only looked', () => {
    const progress = open('plain');

    progress.onStep(event('stop-partition', 'done', { ms: 0 }));
    progress.onStep(event('find-partition', 'done', { ms: 200 }));
    progress.onStep(event('find-partition', 'failed', { ms: 200 }));

    expect(writes.map((line) => line.split('  ')[0])).toEqual(['failed']);
  });

  test('prints nothing for a step whose acts were printed, but prints that it was undone', () => {
    const progress = open('plain');
    const build = (state: StepEvent['state']) => event('spawn', state, { flow: 'build', ms: 900 });

    progress.onStep(build('running'));
    progress.onStep(event('create-partition', 'running'));
    progress.onStep(event('create-partition', 'failed', { ms: 100 }));
    progress.onStep(build('failed'));
    progress.onStep(build('undoing'));
    progress.onStep(event('delete-partition', 'running', { flow: 'destroy' }));
    progress.onStep(event('delete-partition', 'done', { flow: 'destroy', ms: 100 }));
    progress.onStep(build('undone'));

    expect(writes.map((line) => line.slice(0, -8).trimEnd())).toEqual([
      'failed   web1: creating the partition',
      'done     web1: deleting the partition',
      'undone   web1: building the server',
    ]);
  });

  test('prints an outage once, although it is reported for each running step', () => {
    const progress = open('plain');
    const detail = 'HMC hmc1:6794 has not answered since 10:00:00; trying again until 10:05:00';

    progress.onStep(event('create-partition', 'progress', { detail, outage: 'away' }));
    progress.onStep(event('create-partition', 'progress', { detail, outage: 'away', flowId: 'f2' }));
    progress.onStep(event('create-partition', 'progress', { detail: 'HMC hmc1:6794 answers again', outage: 'back' }));

    expect(writes).toEqual([`waiting  ${detail}\n`, 'back     HMC hmc1:6794 answers again\n']);
  });
});

describe('on a terminal', () => {
  const line = (text: string, time: string) => `${text.padEnd(69)}${time.padStart(10)}`;

  test('shows the running step with its growing time, below the steps that ended', () => {
    const progress = open('live');
    progress.onStep(event('create-partition', 'running'));
    now = 100;
    progress.onStep(event('create-partition', 'done', { ms: 100 }));
    progress.onStep(event('start-partition', 'running'));
    now = 2100;
    vi.advanceTimersByTime(120);

    expect(screen()).toEqual([
      line('done     web1: creating the partition', '0.10 s'),
      line('running  web1: starting the partition', '2.00 s'),
    ]);
    progress.end();
    expect(screen()).toEqual([line('done     web1: creating the partition', '0.10 s')]);
  });

  test('shows the innermost step of each flow', () => {
    const progress = open('live');
    progress.onStep(event('spawn', 'running', { flow: 'build' }));
    progress.onStep(event('create-partition', 'running'));
    progress.onStep(event('create-partition', 'running', { flowId: 'f2', subject: 'web2' }));

    expect(screen()).toEqual([
      line('running  web1: creating the partition', '0.01 s'),
      line('running  web2: creating the partition', '0.01 s'),
    ]);
    progress.end();
  });

  test('shows the detail of a running step below it, wrapped between words', () => {
    const progress = open('live', false, 60);
    const detail = 'the load failed; trying initiator c05076ffe680a590, target 5005076802160417, LUN 0002000000000000';
    progress.onStep(event('start-partition', 'running'));
    progress.onStep(event('start-partition', 'progress', { detail }));

    expect(screen()).toEqual([
      'running  web1: starting the partition                0.01 s',
      '         the load failed; trying initiator',
      '         c05076ffe680a590, target 5005076802160417, LUN',
      '         0002000000000000',
    ]);
    progress.end();
    expect(screen()).toEqual([]);
  });

  test('writes other lines above the running steps, wrapped between words', () => {
    const progress = open('live', false, 60);
    progress.onStep(event('start-partition', 'running'));
    progress.write(`dpm: warning: the certificate of the HMC is not verified, because dpm.hmc_insecure is set\n`);

    expect(screen()).toEqual([
      'dpm: warning: the certificate of the HMC is not verified,',
      '     because dpm.hmc_insecure is set',
      'running  web1: starting the partition                0.01 s',
    ]);
    progress.end();
  });

  test('shows no line longer than the terminal, and at most eight running steps', () => {
    const progress = open('live', false, 40);
    for (let index = 0; index < 30; index += 1) {
      progress.onStep({ ...event('start-partition', 'running', { detail: 'x'.repeat(80) }), flowId: `f${index}` });
    }

    expect(screen().filter((row) => row.startsWith('running'))).toHaveLength(8);
    expect(screen().at(-1)).toContain('and 22 more');
    expect(Math.max(...screen().map((row) => row.length))).toBeLessThan(40);
    progress.end();
    expect(screen()).toEqual([]);
  });

  test('redraws nothing and keeps no timer when no step runs', () => {
    const progress = open('live');
    progress.onStep(event('start-partition', 'running'));
    progress.onStep(event('start-partition', 'stuck', { ms: 1 }));
    const before = writes.length;
    vi.advanceTimersByTime(5_000);

    expect(writes).toHaveLength(before);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('uses colour only where it is wanted', () => {
    open('live', true).onStep(event('create-ports', 'done', { ms: 10 }));
    expect(writes.join('')).toContain('\u001B[32mdone');

    writes = [];
    open('live', false).onStep(event('create-ports', 'done', { ms: 10 }));
    expect(writes.join('')).not.toContain('\u001B[32m');
  });
});
