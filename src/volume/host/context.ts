import type { Logger, Waiting } from '../../base/index.ts';
import type { HostPolicies } from './policies.ts';
import type { CommandResult, HostSystem } from './system.ts';

/** What everything that acts on the host needs. */
export interface HostContext {
  readonly system: HostSystem;
  readonly policies: HostPolicies;
  readonly log: Logger;
}

/** A command ended with a status that is not 0, or not in time. */
class CommandError extends Error {
  constructor(command: string, args: readonly string[], { status, stdout, stderr }: CommandResult) {
    const said = (stderr.trim() || stdout.trim()).split('\n')[0]?.slice(0, 200) ?? '';
    const how = status === null ? 'did not end in time' : `ended with status ${status}`;
    super(`"${[command, ...args].join(' ')}" ${how}${said === '' ? '' : `: ${said}`}`);
    this.name = 'CommandError';
  }
}

/** Runs a command that has to succeed. @returns its standard output */
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

/** `/dev/sda` of `sda`; in sysfs a `!` stands for the `/` of a name. */
export function deviceNode(block: string): string {
  return `/dev/${block.replaceAll('!', '/')}`;
}
