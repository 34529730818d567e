import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Order, Report } from './order.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** How a worker ended: killed by itself, or alive at the end. */
export type End = { readonly kind: 'killed' } | { readonly kind: 'survived'; readonly error: string | null };

/**
 * Worker processes that have their modules loaded and wait for an order, so that an order costs only its own work. Each
 * carries out one order.
 */
export class WorkerPool implements AsyncDisposable {
  /** Compiled modules, shared by all workers of this pool: most of what a start costs. */
  readonly #cache = mkdtempSync(join(tmpdir(), 'nova-dpm-workers-'));
  readonly #waiting: Promise<ChildProcess>[] = [];

  constructor(size = 1) {
    for (let index = 0; index < size; index += 1) this.#waiting.push(this.#start());
  }

  /**
   * Has one worker carry out the order, and waits for its end.
   *
   * @param struck - kills it as soon as this is settled
   */
  async run(order: Order, struck?: Promise<void>): Promise<End> {
    const next = this.#waiting.shift();
    if (next === undefined) throw new Error('the pool is closed');
    const worker = await next;
    this.#waiting.push(this.#start());
    let report: Report | undefined;
    worker.once('message', (message) => {
      report = message as Report; // the only message of a worker that has its order
    });
    const exited = once(worker, 'exit');
    worker.send(order);
    void struck?.then(() => worker.kill('SIGKILL'));
    const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null]; // as Node.js documents
    if (signal === 'SIGKILL') return { kind: 'killed' };
    if (report === undefined) throw new Error(`a worker ended with ${signal ?? code ?? 'nothing'} and no report`);
    return { kind: 'survived', error: report.error };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of await Promise.all(this.#waiting.splice(0))) {
      const exited = once(worker, 'exit');
      worker.kill('SIGKILL');
      await exited;
    }
    rmSync(this.#cache, { recursive: true, force: true });
  }

  async #start(): Promise<ChildProcess> {
    const env = { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, NODE_COMPILE_CACHE: this.#cache };
    const worker = fork(main, { execArgv: [], env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const ready = once(worker, 'message').then(() => true);
    const gone = once(worker, 'exit').then(() => false);
    if (await Promise.race([ready, gone])) return worker;
    throw new Error('a worker ended before it was ready');
  }
}
