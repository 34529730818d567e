import { whileWanted } from '../base/index.ts';
import type { ConsoleConnection } from '../virt/index.ts';
import type { Terminal } from './cli-io.ts';

/** Begins a command to this program: Ctrl-], as in telnet and virsh. */
const ESCAPE = '\u001D';

export const escapeHelp = 'Ctrl-] . leaves it';

const help = `
dpm: keys after Ctrl-]:
dpm:   .       leave the console
dpm:   r       tell the guest the size of this terminal (types: stty rows … cols …)
dpm:   Ctrl-]  type Ctrl-] in the guest
dpm:   ?       show this help
`;

interface ConsoleSession {
  readonly terminal: Terminal;
  readonly screen: { readonly write: (text: string) => void };
  readonly connection: ConsoleConnection;
  /** Called when keys go to the guest. */
  readonly onReady: () => void;
  readonly signal: AbortSignal;
}

/**
 * Connects a terminal with a console: every key goes to the guest, except those after the escape key. The terminal is in
 * raw mode meanwhile, and as it was before at every end.
 *
 * @returns when the user leaves
 * @throws ConflictError when the HMC ends the console; the reason of the signal
 */
export async function runConsole({ terminal, screen, connection, onReady, signal }: ConsoleSession): Promise<void> {
  signal.throwIfAborted();
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  const keys = new EscapeKeys({
    type: (text) => connection.send(text),
    leave,
    tellSize: () => {
      const { rows, columns } = terminal.size();
      connection.send(`stty rows ${rows} cols ${columns}\r`);
    },
    help: () => screen.write(help.replaceAll('\n', '\r\n')),
  });
  const restore = terminal.listen({ onText: (text) => keys.take(text), onEnd: leave });
  try {
    onReady();
    await whileWanted(show(connection, screen), AbortSignal.any([leaving.signal, signal]));
  } catch (error) {
    if (signal.aborted || !leaving.signal.aborted) throw error;
  } finally {
    restore();
    screen.write('\r\n');
  }
}

async function show({ output }: ConsoleConnection, screen: ConsoleSession['screen']): Promise<void> {
  for await (const text of output) screen.write(text);
}

interface KeyActions {
  readonly type: (text: string) => void;
  readonly leave: () => void;
  readonly tellSize: () => void;
  readonly help: () => void;
}

/** Separates what is for the guest from what is for this program. */
export class EscapeKeys {
  readonly #actions: KeyActions;
  #isEscaped = false;

  constructor(actions: KeyActions) {
    this.#actions = actions;
  }

  take(text: string): void {
    let typed = '';
    const send = () => {
      if (typed !== '') this.#actions.type(typed);
      typed = '';
    };
    for (const key of text) {
      if (!this.#isEscaped && key !== ESCAPE) typed += key;
      else if (!this.#isEscaped) this.#isEscaped = true;
      else {
        this.#isEscaped = false;
        send();
        this.#command(key);
      }
    }
    send();
  }

  #command(key: string): void {
    if (key === ESCAPE) this.#actions.type(ESCAPE);
    else if (key === '.') this.#actions.leave();
    else if (key === 'r') this.#actions.tellSize();
    else this.#actions.help();
  }
}
