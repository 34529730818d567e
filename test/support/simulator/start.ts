import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SimulatorOptions } from '../../../src/simulator/index.ts';
import type { Command, Reply } from './messages.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** A simulator in a process of its own. One question at a time. */
export class SimulatorProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #gone: Promise<never>;
  readonly first: Reply;

  private constructor(child: ChildProcess, gone: Promise<never>, first: Reply) {
    this.#child = child;
    this.#gone = gone;
    this.first = first;
  }

  static async start(options: SimulatorOptions): Promise<SimulatorProcess> {
    const child = fork(main, [JSON.stringify(options)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const gone = once(child, 'exit').then(() => {
      throw new Error('the simulator has ended');
    });
    gone.catch(() => undefined); // also when nobody asks
    return new SimulatorProcess(child, gone, await replyOf(child, gone));
  }

  async ask(verb: Command['verb']): Promise<Reply> {
    const reply = replyOf(this.#child, this.#gone);
    this.#child.send({ verb } satisfies Command);
    return await reply;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

async function replyOf(child: ChildProcess, gone: Promise<never>): Promise<Reply> {
  const end = new AbortController();
  try {
    const message = once(child, 'message', { signal: end.signal });
    message.catch(() => undefined); // when it is no longer waited for
    const [reply] = (await Promise.race([message, gone])) as [Reply]; // it sends nothing else
    return reply;
  } finally {
    end.abort();
  }
}
