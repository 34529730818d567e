import type { StepEvent } from '../base/index.ts';
import { styleText } from 'node:util';
import type { Sink } from './cli-io.ts';
import { printable } from './printable.ts';
import { RunningSteps } from './running-steps.ts';
import type { RunningStep } from './running-steps.ts';
import { stepWords } from './step-words.ts';
import { widthOf, wrap, wrapFor } from './wrap.ts';

/** Shows on standard error what the steps of a flow do. */
export interface Progress {
  readonly onStep: (event: StepEvent) => void;
  /** Writes whole lines to the same stream, above the steps that are running. */
  readonly write: (text: string) => void;
  /** Removes the lines of running steps. */
  readonly end: () => void;
}

export interface ProgressOptions {
  readonly sink: Sink;
  /** `none` for `--quiet` and `--no-progress`. */
  readonly style: 'live' | 'plain' | 'none';
  readonly color: boolean;
  /** Milliseconds that only grow. */
  readonly clock: () => number;
}

/** Returns the progress that fits the stream: live on a terminal; elsewhere a line for each step that ended. */
export function openProgress(options: ProgressOptions): Progress {
  if (options.style === 'live') return new LiveProgress(options);
  const running = new RunningSteps(options.clock);
  const write = (text: string) => {
    options.sink.write(wrapFor(options.sink, text, HANGING));
  };
  return {
    onStep: (event) => {
      const shown = running.note(event);
      if (shown !== undefined && options.style === 'plain') write(lineOf(shown, { color: false }));
    },
    write,
    end: () => undefined,
  };
}

/** Indent of the second line of a log message or a note, which begins with `dpm: `. */
const HANGING = 5;
const STATE_WIDTH = 8;
const TEXT_COLUMN = STATE_WIDTH + 1;
const TIME_WIDTH = 10;
/** Width of the text where no terminal limits it. */
const TEXT_WIDTH = 59;

const colors: Partial<Readonly<Record<string, 'green' | 'red' | 'yellow'>>> = {
  done: 'green',
  failed: 'red',
  stuck: 'red',
  waiting: 'yellow',
  undoing: 'yellow',
  undone: 'yellow',
};

interface LineStyle {
  readonly color: boolean;
  /** Width of the terminal; undefined for one line of any length. */
  readonly width?: number | undefined;
}

/**
 * `done     web1: creating the partition                               0.12 s`, with the detail on lines of its own when
 * it does not fit.
 */
function lineOf({ event, isAbout, ms }: RunningStep, { color, width }: LineStyle): string {
  const word = { away: 'waiting', back: 'back' } as const;
  const state = (event.outage === undefined ? event.state : word[event.outage]).padEnd(STATE_WIDTH);
  const tint = colors[state.trim()];
  const shown = color && tint !== undefined ? styleText(tint, state, { validateStream: false }) : state;
  const text = isAbout === 'peer' ? printable(event.detail ?? '') : printable(textOf(event));
  const time = ms === undefined || isAbout === 'peer' ? '' : secondsOf(ms).padStart(TIME_WIDTH);
  const detail = isAbout === 'peer' || event.detail === undefined ? '' : printable(event.detail);
  if (width === undefined) {
    const padded = time === '' ? text : text.padEnd(TEXT_WIDTH);
    return `${`${shown} ${padded}${time}${detail === '' ? '' : `  ${detail}`}`.trimEnd()}\n`;
  }
  const room = time === '' ? width - TEXT_COLUMN : width - TEXT_COLUMN - TIME_WIDTH;
  const [first = '', ...more] = wrap(text, room, 0);
  const details = detail === '' ? [] : wrap(detail, width - TEXT_COLUMN, 0);
  const lines = [time === '' ? first : first.padEnd(room) + time, ...more, ...details];
  return lines
    .map((line, index) => `${`${index === 0 ? shown : ' '.repeat(STATE_WIDTH)} ${line}`.trimEnd()}\n`)
    .join('');
}

/** Returns at least 0.01 s: a step that took no time is not shown when it is done. */
function secondsOf(ms: number): string {
  return `${(Math.max(ms, 10) / 1000).toFixed(2)} s`;
}

function textOf({ subject, step }: StepEvent): string {
  const words = stepWords[step]?.doing ?? step;
  return subject === undefined ? words : `${subject}: ${words}`;
}

const FRAME_MS = 120;
/** Further running steps are only counted, because a terminal has few lines. */
const MAX_LIVE_ROWS = 8;

/**
 * Steps that ended become permanent lines. Running steps are redrawn below them with their growing time.
 */
class LiveProgress implements Progress {
  readonly #options: ProgressOptions;
  readonly #running: RunningSteps;
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#running = new RunningSteps(options.clock);
  }

  readonly onStep = (event: StepEvent): void => {
    const ended = this.#running.note(event);
    this.#redraw(ended === undefined ? '' : lineOf(ended, { color: this.#options.color, width: this.#width }));
    this.#tick();
  };

  readonly write = (text: string): void => {
    this.#redraw(wrapFor({ isTerminal: true, columns: this.#options.sink.columns }, text, HANGING));
  };

  readonly end = (): void => {
    this.#running.clear();
    this.#tick();
    this.#redraw('');
  };

  get #width(): number {
    return widthOf(this.#options.sink);
  }

  /** Replaces the running steps on the screen by permanent lines and the steps that run now, in one write against flicker. */
  #redraw(lines: string): void {
    const erase = this.#drawn === 0 ? '' : `\u001B[${this.#drawn}F\u001B[0J`;
    const frame = this.#frame();
    this.#drawn = frame.length;
    const text = erase + lines + frame.map((line) => `${line}\n`).join('');
    if (text !== '') this.#options.sink.write(text);
  }

  /** Returns the lines of the running steps, each shorter than the terminal: a line that wraps could not be erased. */
  #frame(): readonly string[] {
    const rows = this.#running.innermost();
    const width = this.#width;
    const shown = rows
      .slice(0, MAX_LIVE_ROWS)
      .flatMap((row) => lineOf(row, { color: false, width }).split('\n').slice(0, -1))
      .map((line) => (line.length <= width ? line : `${line.slice(0, width - 1)}…`));
    const more = rows.length - MAX_LIVE_ROWS;
    return more > 0 ? [...shown, `${' '.repeat(TEXT_COLUMN)}… and ${more} more`] : shown;
  }

  /** The timer runs only while a step runs, and does not keep the process alive. */
  #tick(): void {
    if (this.#running.isEmpty) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else {
      this.#timer ??= setInterval(() => {
        this.#redraw('');
      }, FRAME_MS).unref();
    }
  }
}
