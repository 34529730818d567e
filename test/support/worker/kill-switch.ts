import type { Failpoint } from '../../../src/base/index.ts';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Journal, JournalEvent } from '../../../src/compute/journal/index.ts';
import type { KillPoint } from './order.ts';

const verbs = new Set([
  'spawn',
  'prepare-for-spawn',
  'destroy',
  'attach-volume',
  'detach-volume',
  'attach-interface',
  'detach-interface',
  'switch-boot',
]);

/** Is it an act of the driver, rather than a step of the compute manager? */
export function isAct({ flow }: Failpoint): boolean {
  return verbs.has(flow);
}

/** Ends this process at one point as the kernel does when it is out of memory: nothing more of it runs. */
export class KillSwitch {
  readonly #point: KillPoint | null;
  #isArmed = false;
  #records = 0;
  #answers = 0;
  #acts = 0;

  constructor(point: KillPoint | null) {
    this.#point = point;
    // Published by the parser when the head of an answer is there: the peer has done its part, and nobody knows here.
    if (point?.at !== 'answer') return;
    subscribe('http.client.response.finish', (message) => {
      const { request } = message as { request: ClientRequest }; // as Node.js documents this channel
      if (request.path.endsWith(point.path ?? '')) this.#onAnswer();
    });
  }

  /** Counting begins here. */
  arm(): void {
    this.#isArmed = true;
  }

  readonly wrapJournal = (journal: Journal): Journal => ({
    append: async (flowId: string, event: JournalEvent) => {
      const index = this.#isArmed ? this.#records : -1;
      if (this.#isArmed) this.#records += 1;
      this.#killAt('before-record', index);
      await journal.append(flowId, event);
      this.#killAt('after-record', index);
    },
    read: async (flowId) => await journal.read(flowId),
    list: async (filter) => await journal.list(filter),
    mentions: async (identifiers) => await journal.mentions(identifiers),
  });

  readonly failpoint = (point: Failpoint): Promise<void> => {
    if (!this.#isArmed || !isAct(point)) return Promise.resolve();
    if (point.at === 'before-run') this.#acts += 1;
    this.#killAt(point.at === 'before-run' ? 'before-act' : 'after-act', this.#acts - 1);
    return Promise.resolve();
  };

  #onAnswer(): void {
    if (!this.#isArmed) return;
    this.#answers += 1;
    this.#killAt('answer', this.#answers - 1);
  }

  #killAt(at: KillPoint['at'], index: number): void {
    if (this.#point?.at === at && this.#point.index === index) process.kill(process.pid, 'SIGKILL');
  }
}
