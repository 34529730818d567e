/** What a guest's shell does beside printing. */
export interface ShellSurroundings {
  readonly hostName: string;
  /** Ends the operating system, as `shutdown -h now` does. */
  readonly shutDown: () => void;
}

/** Size of a terminal, in characters. */
interface TerminalSize {
  rows: number;
  columns: number;
}

/** Runs one line as a shell of the simulated Linux. @returns the lines that it prints */
export function runInShell(line: string, { shutDown, hostName }: ShellSurroundings, size: TerminalSize): string[] {
  const [command = '', ...words] = line.trim().split(/\s+/u);
  switch (command) {
    case '':
      return [];
    case 'echo':
      return [words.join(' ')];
    case 'uname':
      return [words.includes('-a') ? `Linux ${hostName} 6.8.0 s390x GNU/Linux` : 'Linux'];
    case 'stty':
      return stty(words, size);
    case 'shutdown':
    case 'poweroff':
    case 'halt':
      shutDown();
      return [`Broadcast message from root@${hostName}: The system is going down for power-off now!`];
    default:
      return [`-bash: ${command}: command not found`];
  }
}

/** `stty size`, or `stty rows R cols C` with or without one of the two. */
function stty(words: readonly string[], size: TerminalSize): string[] {
  if (words.includes('size')) return [`${size.rows} ${size.columns}`];
  const valueOf = (...names: readonly string[]) => Number(words[words.findIndex((word) => names.includes(word)) + 1]);
  if (words.includes('rows')) size.rows = valueOf('rows');
  if (words.includes('cols') || words.includes('columns')) size.columns = valueOf('cols', 'columns');
  return [];
}

/** A size that nobody has set. Source: Linux drivers/s390/char/sclp_vt220.c. */
const defaultSize: Readonly<TerminalSize> = { rows: 24, columns: 80 };

/** The terminal behind a partition's ASCII console: a login prompt that accepts everybody, then a shell. */
export class GuestTerminal {
  readonly #surroundings: ShellSurroundings;
  readonly #show: (text: string) => void;
  readonly #size = { ...defaultSize };
  #state: 'silent' | 'login' | 'password' | 'shell' = 'silent';
  #line = '';

  /** @param show - shows text to the client, if there is one */
  constructor(surroundings: ShellSurroundings, show: (text: string) => void) {
    this.#surroundings = surroundings;
    this.#show = show;
  }

  /** Takes what the client types, character by character. */
  type(text: string): void {
    for (const character of text) this.#take(character);
  }

  #take(character: string): void {
    if (character === '\r' || character === '\n') this.#enter();
    else if (character === '\u0004' && this.#line === '') this.#logOut();
    else if (character === '\u007f' || character === '\b') this.#erase();
    else this.#add(character);
  }

  #add(character: string): void {
    this.#line += character;
    if (this.#state !== 'password') this.#show(character);
  }

  #erase(): void {
    if (this.#line === '') return;
    this.#line = this.#line.slice(0, -1);
    if (this.#state !== 'password') this.#show('\b \b');
  }

  #enter(): void {
    const line = this.#line;
    this.#line = '';
    this.#show('\r\n');
    if (this.#state === 'shell') this.#run(line);
    else
      this.#state =
        this.#state === 'password' ? 'shell' : this.#state === 'login' && line !== '' ? 'password' : 'login';
    this.#prompt();
  }

  #run(line: string): void {
    if (line.trim() === 'exit') {
      this.#state = 'login';
      return;
    }
    for (const printed of runInShell(line, this.#surroundings, this.#size)) this.#show(`${printed}\r\n`);
  }

  #logOut(): void {
    this.#state = 'login';
    this.#show('\r\n');
    this.#prompt();
  }

  #prompt(): void {
    const { hostName } = this.#surroundings;
    if (this.#state === 'login') this.#show(`${hostName} login: `);
    if (this.#state === 'password') this.#show('Password: ');
    if (this.#state === 'shell') this.#show(`[root@${hostName} ~]# `);
  }
}
