import { spawn } from 'node:child_process';
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
