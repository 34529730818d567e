import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { CliIo, Sink } from '../../src/cli/cli-io.ts';
import { backend } from '../../src/cli/open.ts';
import { openQuestions } from '../../src/cli/questions.ts';
import { runCli } from '../../src/cli/run.ts';
import { nodeFiles } from '../../src/config/index.ts';
import type { Environment } from '../../src/config/index.ts';
import type { Ran } from './cli.ts';
import { quickPolicies } from './quick-policies.ts';

export interface LiveOptions {
  /** Working directory, with the settings in `nova-dpm.conf`. */
  readonly cwd: string;
  /** Columns of the terminal; absent for a pipe. */
  readonly columns?: number;
  readonly env?: Environment;
  /** Lines of standard input. */
  readonly input?: readonly string[];
}

/** Runs a command line in this process, with the real program behind it. */
export async function runLive(argv: readonly string[], options: LiveOptions): Promise<Ran> {
  const [stdout, stderr] = [collect(options.columns), collect(undefined)];
  const io: CliIo = {
    stdout: stdout.sink,
    stderr: stderr.sink,
    env: { NOVA_DPM_CONFIG: join(options.cwd, 'nova-dpm.conf'), ...options.env },
    cwd: options.cwd,
    home: options.cwd,
    hostname: 'compute1',
    files: nodeFiles,
    onSignal: () => () => undefined,
    openQuestions: () =>
      openQuestions({
        input: Readable.from([(options.input ?? []).map((line) => `${line}\n`).join('')]),
        output: stderr.sink,
      }),
    backend: backend({ pid: process.pid, baseDir: options.cwd, isRoot: false, policies: quickPolicies }),
    startSimulator: () => Promise.reject(new Error('startSimulator was called')),
  };
  const code = await runCli(argv, io);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** Writes the settings for {@link runLive}. */
export function writeSettings(cwd: string, text: string): void {
  writeFileSync(join(cwd, 'nova-dpm.conf'), text, { mode: 0o600 });
}

function collect(columns: number | undefined): { sink: Sink; text: () => string } {
  let text = '';
  const sink = {
    write: (more: string) => {
      text += more;
    },
    isTerminal: columns !== undefined,
    columns,
  };
  return { sink, text: () => text };
}

/** The length of the longest line. */
export function widthOf(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length));
}
