import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { main } from './cli.ts';

export interface Recording {
  /** The command, as a user types it. */
  readonly command: string;
  readonly code: number | null;
  /** What the terminal got, with control sequences. */
  readonly output: string;
}

/**
 * Runs `dpm` in a pseudo-terminal of 24 lines of 80 columns, which `script` of util-linux makes.
 *
 * @param words - arguments without characters that a shell treats specially
 * @param watch - is called with the whole output so far, each time there is more
 */
export async function recordDpm(
  words: string,
  env: Readonly<Record<string, string>>,
  watch: (output: string) => void = () => undefined,
): Promise<Recording> {
  const { PATH, TMPDIR, NODE_COMPILE_CACHE } = process.env;
  const line = `stty cols 80 rows 24 && exec "${process.execPath}" "${main}" ${words}`;
  const child = spawn('script', ['--quiet', '--return', '--echo', 'never', '--command', line, '/dev/null'], {
    env: { PATH, HOME: '/nonexistent', TMPDIR, NODE_COMPILE_CACHE, TERM: 'xterm', SHELL: '/bin/sh', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      watch(output);
    });
  }
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ command: `dpm ${words}`, code, output }));
  });
}

/** Control sequences of a terminal: colors and movements of the cursor. */
const sequences = /\u001B\[[0-9;?]*[A-Za-z]/g;

/** Returns the lines as they are on the screen at some time, each without its control sequences. */
export function screenLines(output: string): readonly string[] {
  return output.split(/\r*\n|\r/).map((line) => line.replaceAll(sequences, ''));
}

/** A command that runs in a pseudo-terminal and is typed to. */
export interface PtySession {
  readonly output: () => string;
  /** Types text. Control characters are keys: `\u001D` is Ctrl-]. */
  readonly type: (text: string) => void;
  /** Waits until the output from `from` on contains the text. @returns the length of the output then */
  readonly until: (text: string, from?: number) => Promise<number>;
  /** Changes the size of the terminal, as a user does who drags its window. */
  readonly resize: (rows: number, columns: number) => Promise<void>;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly ended: Promise<Recording>;
  /** Whether the modes of the terminal are the same at the end as at the start. To be called after the end. */
  readonly isRestored: () => boolean;
}

/** Starts `dpm` in a pseudo-terminal of 24 lines of 80 columns, as {@link recordDpm} does. */
export function typeToDpm(words: string, env: Readonly<Record<string, string>>): PtySession {
  const { PATH, TMPDIR, NODE_COMPILE_CACHE } = process.env;
  const line = `stty cols 80 rows 24; tty; stty -g | sed s/^/modes:/; sh -c 'echo pid:$$; exec "${process.execPath}" "${main}" ${words}'; code=$?; stty -g | sed s/^/modes:/; exit $code`;
  const child = spawn('script', ['--quiet', '--return', '--echo', 'never', '--command', line, '/dev/null'], {
    env: { PATH, HOME: '/nonexistent', TMPDIR, NODE_COMPILE_CACHE, TERM: 'xterm', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  const changes = new EventEmitter();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      changes.emit('change');
    });
  }
  const ended = new Promise<Recording>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ command: `dpm ${words}`, code, output });
      changes.emit('change');
    });
  });
  const matched = (pattern: RegExp) => pattern.exec(output)?.[1] ?? '';
  return {
    output: () => output,
    type: (text) => void child.stdin.write(text),
    until: async (text, from = 0) => {
      while (!output.slice(from).includes(text)) {
        if (child.exitCode !== null) throw new Error(`ended without ${JSON.stringify(text)}: ${output}`);
        await once(changes, 'change');
      }
      return output.length;
    },
    resize: async (rows, columns) => {
      const size = ['rows', String(rows), 'cols', String(columns)];
      await once(spawn('stty', ['-F', matched(/(\/dev\/pts\/\d+)/), ...size]), 'close');
    },
    signal: (name) => void process.kill(Number(matched(/pid:(\d+)/)), name),
    ended,
    isRestored: () => {
      const modes = [...output.matchAll(/modes:(\S+)/g)].map(([, each]) => each);
      return modes.length === 2 && modes[0] === modes[1];
    },
  };
}
