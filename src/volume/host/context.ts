import type { Logger, Waiting } from '../../base/index.ts';
import type { HostPolicies } from './policies.ts';
import type { CommandResult, HostSystem } from './system.ts';

export interface HostContext {
  readonly system: HostSystem;
  readonly policies: HostPolicies;
  readonly log: Logger;
}

/** A command failed or did not end in time. */
export class CommandError extends Error {
  /** The output of the command on stdout and stderr. */
  readonly output: string;

  constructor(command: string, args: readonly string[], { status, stdout, stderr }: CommandResult) {
    const said = (stderr.trim() || stdout.trim()).split('\n')[0]?.slice(0, 200) ?? '';
    const how = status === null ? 'did not end in time' : `ended with status ${status}`;
    super(`"${[command, ...args].join(' ')}" ${how}${said === '' ? '' : `: ${said}`}`);
    this.name = 'CommandError';
    this.output = `${stdout}\n${stderr}`;
  }
}

/** Runs a command and returns its standard output. @throws CommandError when its status is not 0 */
export async function runCommand(
  { system, policies }: HostContext,
  command: string,
  args: readonly string[],
  waiting: Waiting,
  timeoutMs: number = policies.commandTimeoutMs,
): Promise<string> {
  const result = await system.run(command, args, { signal: waiting.signal, timeoutMs });
  if (result.status !== 0) throw new CommandError(command, args, result);
  return result.stdout;
}

/** Returns `/dev/sda` for `sda`. sysfs writes the `/` of a name as `!`. */
export function deviceNode(block: string): string {
  return `/dev/${block.replaceAll('!', '/')}`;
}
