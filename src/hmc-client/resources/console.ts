import type { Waiting } from '../../base/index.ts';
import { readOne } from '../read.ts';
import type { Requester } from '../requester.ts';
import { consoleFields } from '../wire/console.ts';
import type { HmcConsole } from '../wire/console.ts';
import { readAll } from '../wire/fields.ts';

const CONSOLE_URI = '/api/console';
const answer = readAll(consoleFields);

/** The HMC itself, as an object of the API. @public */
export class ConsoleResource {
  readonly #requester: Requester;

  /** @internal */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Performs "Get Console Properties". Also a cheap test of the session. */
  async get(w: Waiting): Promise<HmcConsole> {
    const reading = {
      operation: 'Get Console Properties',
      what: 'get the console',
      uri: CONSOLE_URI,
      resource: 'console',
      answer,
    };
    return { uri: CONSOLE_URI, ...(await readOne(this.#requester, reading, w)) };
  }
}
