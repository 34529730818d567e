import type { StepEvent } from '../base/index.ts';
import { styleText } from 'node:util';
import type { Sink } from './cli-io.ts';
import { printable } from './printable.ts';

/** Shows what the steps of a flow do, on standard error. */
export interface Progress {
  readonly onStep: (event: StepEvent) => void;
  /** Writes whole lines to the same stream without tearing what is being shown. */
  readonly write: (text: string) => void;
  /** Takes away what is only shown while it goes on. */
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

type State = StepEvent['state'];

/** Makes the progress that fits the stream: live on a terminal, a line for each end of a step elsewhere. */
export function openProgress(options: ProgressOptions): Progress {
  if (options.style === 'live') return new LiveProgress(options);
  const shows = options.style === 'plain';
  return {
    onStep: (event) => {
      if (shows && event.state !== 'running' && event.state !== 'undoing') options.sink.write(stepLine(event, false));
    },
    write: (text) => {
      options.sink.write(text);
    },
    end: () => undefined,
  };
}

const STATE_WIDTH = 8;
const STEP_WIDTH = 34;

const colors: Partial<Readonly<Record<State, 'green' | 'red' | 'yellow'>>> = {
  done: 'green',
  failed: 'red',
  stuck: 'red',
  waiting: 'yellow',
  undoing: 'yellow',
  undone: 'yellow',
};

/** `done     spawn: create-partition            0.12 s  detail` */
function stepLine(event: StepEvent, color: boolean): string {
  const state = event.state.padEnd(STATE_WIDTH);
  const tint = colors[event.state];
  const shown = color && tint !== undefined ? styleText(tint, state, { validateStream: false }) : state;
  const time = event.ms === undefined ? '' : `${(event.ms / 1000).toFixed(2)} s`;
  const name = printable(`${event.flow}: ${event.step}`).padEnd(STEP_WIDTH);
  const detail = event.detail === undefined ? '' : `  ${printable(event.detail)}`;
  return `${`${shown} ${name} ${time.padStart(9)}${detail}`.trimEnd()}\n`;
}

const FRAME_MS = 120;
/** More running steps than this are only counted: a terminal has few lines. */
const MAX_LIVE_ROWS = 8;
const DEFAULT_COLUMNS = 80;

interface LiveRow {
  readonly event: StepEvent;
  readonly since: number;
}

/**
 * Steps that ended become lines that stay; those that run are redrawn below them with their growing time.
 */
class LiveProgress implements Progress {
  readonly #options: ProgressOptions;
  readonly #rows = new Map<string, LiveRow>();
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  readonly onStep = (event: StepEvent): void => {
    const key = `${event.flowId} ${event.step}`;
    const since = this.#rows.get(key)?.since ?? this.#options.clock();
    if (event.state === 'running' || event.state === 'undoing' || event.state === 'progress') {
      const state = event.state === 'progress' ? (this.#rows.get(key)?.event.state ?? 'running') : event.state;
      this.#rows.set(key, { event: { ...event, state }, since });
      this.#redraw('');
    } else {
      this.#rows.delete(key);
      const ms = event.ms ?? this.#options.clock() - since;
      this.#redraw(stepLine({ ...event, ms }, this.#options.color));
    }
    this.#tick();
  };

  readonly write = (text: string): void => {
    this.#redraw(text);
  };

  readonly end = (): void => {
    this.#rows.clear();
    this.#tick();
    this.#redraw('');
  };

  /** Replaces the rows on the screen by lines that stay and the rows of now, in one write, so that nothing flickers. */
  #redraw(lines: string): void {
    const erase = this.#drawn === 0 ? '' : `\u001B[${this.#drawn}F\u001B[0J`;
    const frame = this.#frame();
    this.#drawn = frame.length;
    const text = erase + lines + frame.join('');
    if (text !== '') this.#options.sink.write(text);
  }

  #frame(): readonly string[] {
    const now = this.#options.clock();
    const rows = [...this.#rows.values()];
    const shown = rows.slice(0, MAX_LIVE_ROWS).map(({ event, since }) => {
      // A line that wrapped would be counted as one and leave its rest on the screen.
      const line = stepLine({ ...event, ms: now - since }, false).slice(
        0,
        (this.#options.sink.columns ?? DEFAULT_COLUMNS) - 1,
      );
      return line.endsWith('\n') ? line : `${line}\n`;
    });
    const more = rows.length - shown.length;
    return more > 0 ? [...shown, `         … and ${more} more\n`] : shown;
  }

  /** The timer lives as long as something runs, and keeps no process alive. */
  #tick(): void {
    if (this.#rows.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else {
      this.#timer ??= setInterval(() => {
        this.#redraw('');
      }, FRAME_MS).unref();
    }
  }
}
