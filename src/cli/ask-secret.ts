import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ConfigError, InterruptedError } from '../base/index.ts';

interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: { readonly write: (text: string) => unknown };
}

/**
 * Asks the user for a secret and reads one line without showing it.
 *
 * @throws InterruptedError at Ctrl-C, ConfigError when the input ends, or the signal's reason
 */
export async function askSecret({ input, output }: Terminal, question: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  // Terminal mode switches the echo off; readline's own output is discarded.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  output.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('SIGINT', () => reject(new InterruptedError('interrupted by SIGINT', { signal: 'SIGINT' })));
      lines.once('close', () => reject(new ConfigError('no password was typed: expected one line')));
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }); // of ours, always an error
    });
  } finally {
    lines.close();
    output.write('\n');
  }
}
