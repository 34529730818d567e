import { flushed, nodeIo, reportDefects } from './node-io.ts';
import { runCli } from './run.ts';

/** Runs the command line of this process, and ends the process. */
export async function runProcess(): Promise<never> {
  reportDefects();
  const code = await runCli(process.argv.slice(2), nodeIo());
  const isWritten = await flushed();
  process.exit(isWritten || code !== 0 ? code : 1); // 1, for a program that reads it has nothing
}
