import { ConflictError } from '../base/index.ts';
import type { SocketEnd, TextSocket } from '../http/index.ts';
import { HmcConnectionError } from './errors/index.ts';

/** An open ASCII console of a partition. It ends with the session of the HMC client. @public */
export interface AsciiConsole extends AsyncDisposable {
  /**
   * Text from the operating system, in pieces as they arrive. Ends when this side closes the console.
   *
   * @throws ConflictError when the HMC ends the console, for example because another HMC takes it over
   * @throws HmcConnectionError when the connection breaks
   */
  readonly output: AsyncIterable<string>;
  /** Types text. Text for a console that has ended is dropped. */
  send(text: string): void;
}

/** Closing code of a connection that broke. Source: RFC 6455, 7.1.5. */
const BROKEN = 1006;

export function asciiConsoleOf(socket: TextSocket, place: { readonly what: string; readonly host: string }) {
  let isClosed = false;
  const console: AsciiConsole = {
    output: outputOf(socket, place, () => isClosed),
    send: (text) => socket.send(text),
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      await socket.close();
    },
  };
  return console;
}

async function* outputOf(
  { received, ended }: TextSocket,
  { what, host }: { readonly what: string; readonly host: string },
  isClosed: () => boolean,
): AsyncGenerator<string> {
  yield* received;
  const end = await ended;
  if (isClosed()) return;
  if (end.code === BROKEN) {
    const where = { host, phase: 'receive', sent: true } as const;
    throw new HmcConnectionError(`${what}: HMC ${host}: the connection broke`, where);
  }
  throw new ConflictError(`${what}: ${describeEnd(end)}`, { code: end.code, reason: end.reason });
}

function describeEnd({ code, reason }: SocketEnd): string {
  return `the HMC ended it (${reason === '' ? `code ${code}` : reason})`;
}
