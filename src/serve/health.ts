import { describeError, withDeadline } from '../base/index.ts';
import type { ServedHost } from '../compute/index.ts';

/** Answers within this time are not asked for again, in milliseconds. */
const FRESH_MS = 5_000;
const TIMEOUT_MS = 10_000;

export interface Readiness {
  readonly ready: boolean;
  /** `ok`, or why not. */
  readonly checks: Readonly<Record<string, string>>;
}

/** Asks HMC and Cinder whether they answer, at most once in a few seconds, however many ask. */
export class Health {
  readonly #host: () => Pick<ServedHost, 'driver' | 'cinder'> | undefined;
  #last: { readonly at: number; readonly readiness: Promise<Readiness> } | undefined;

  /** @param host - undefined until the driver is initialised */
  constructor(host: () => Pick<ServedHost, 'driver' | 'cinder'> | undefined) {
    this.#host = host;
  }

  async readiness(): Promise<Readiness> {
    const now = performance.now();
    if (this.#last === undefined || now - this.#last.at > FRESH_MS) this.#last = { at: now, readiness: this.#ask() };
    return await this.#last.readiness;
  }

  /** Forgets the last answer: the driver is another one. */
  reset(): void {
    this.#last = undefined;
  }

  async #ask(): Promise<Readiness> {
    const host = this.#host();
    if (host === undefined) return { ready: false, checks: { driver: 'not initialised yet' } };
    const within = async (what: string, work: (signal: AbortSignal) => Promise<unknown>): Promise<string> => {
      try {
        await withDeadline(what, TIMEOUT_MS, new AbortController().signal, work);
        return 'ok';
      } catch (error) {
        return describeError(error);
      }
    };
    const [hmc, cinder] = await Promise.all([
      within('the HMC', async (signal) => await host.driver.ping?.({ requestId: 'req-readiness', signal })),
      within('Cinder', async (signal) => await host.cinder.check({ signal })),
    ]);
    return { ready: hmc === 'ok' && cinder === 'ok', checks: { hmc, cinder } };
  }
}
