import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WorkerOrder, WorkerReport } from './messages.ts';

const main = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** Starts the worker, kills it, and starts it again, as the service manager of a compute host does. */
export class Supervisor implements AsyncDisposable {
  readonly #order: Omit<WorkerOrder, 'seed'>;
  readonly #hear: (report: WorkerReport) => void;
  #child: ChildProcess | undefined;
  #seed: number;

  constructor(order: WorkerOrder, hear: (report: WorkerReport) => void) {
    const { seed, ...rest } = order;
    this.#seed = seed;
    this.#order = rest;
    this.#hear = hear;
  }

  /** Starts a worker with its own random numbers. */
  start(): void {
    const child = fork(main, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (message) => this.#hear(message as WorkerReport)); // a worker sends only reports
    this.#seed += 1;
    child.send({ ...this.#order, seed: this.#seed } satisfies WorkerOrder);
    this.#child = child;
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#hear({ kind: 'problem', text: `the worker ended by itself (${signal ?? String(code)})` });
    });
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Kills the worker with SIGKILL: nothing of it runs afterwards. */
  async kill(): Promise<void> {
    await this.#end((child) => child.kill('SIGKILL'));
  }

  /** Lets the worker finish its operations. */
  async stop(): Promise<void> {
    await this.#end((child) => child.send('stop'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #end(how: (child: ChildProcess) => void): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined; // its end is expected
    const exited = once(child, 'exit');
    how(child);
    await exited;
  }
}
