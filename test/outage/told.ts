import type { silentLogger } from '../../src/base/index.ts';
import type { Logger } from '../../src/base/index.ts';
import type { OpenManagerOptions } from '../../src/compute/index.ts';

/** What people read while a command runs: the progress of its steps, and the warnings of its log. */
export class Told {
  #lines: string[] = [];

  readonly options: Required<Pick<OpenManagerOptions, 'onStep' | 'log'>> = {
    onStep: ({ detail = '' }) => {
      this.#lines.push(detail);
    },
    log: this.#log(),
  };

  clear(): void {
    this.#lines = [];
  }

  /** Has it been told that the peer is away, with since when, and that it is back? */
  outageOf(peer: string): { readonly isAway: boolean; readonly isBack: boolean } {
    const away = new RegExp(`^${peer} has not answered since \\d\\d:\\d\\d:\\d\\d; trying again until `);
    const back = new RegExp(`^${peer} answers again$`);
    return {
      isAway: this.#lines.some((line) => away.test(line)),
      isBack: this.#lines.some((line) => back.test(line)),
    };
  }

  #log(): Logger {
    const warn = (_facts: unknown, text?: string) => {
      this.#lines.push(text ?? '');
    };
    const log: Logger = { ...silentMethods, warn, child: () => log };
    return log;
  }
}

const nothing = (): void => undefined;
const silentMethods = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  error: nothing,
} as unknown as typeof silentLogger; // of a pino logger, only what is called here
