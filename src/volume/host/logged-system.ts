import type { Logger } from '../../base/index.ts';
import { errnoOf } from './system.ts';
import type { CommandResult, HostSystem } from './system.ts';

/** The same host; each write and each command is in the log, in order, with its outcome. None of them carries a secret. */
export function loggedSystem(system: HostSystem, log: Logger): HostSystem {
  return {
    platform: system.platform,
    hostname: system.hostname,
    exists: async (path) => await system.exists(path),
    read: async (path) => await system.read(path),
    list: async (path) => await system.list(path),
    realpath: async (path) => await system.realpath(path),
    isClaimed: async (path) => await system.isClaimed(path),
    write: async (path, text, waiting) => {
      const outcome = (errno?: string): void => log.debug({ event: 'host.write', path, text, errno }, 'sysfs write');
      await tell(outcome, async () => await system.write(path, text, waiting));
      outcome();
    },
    run: async (command, args, options) => {
      const line = [command, ...args].join(' ');
      const outcome = (errno?: string): void => log.debug({ event: 'host.run', command: line, errno }, 'command');
      const result = await tell(outcome, async (): Promise<CommandResult> => await system.run(command, args, options));
      log.debug({ event: 'host.run', command: line, status: result.status }, 'command');
      return result;
    },
  };
}

async function tell<T>(failed: (errno: string) => void, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    failed(errnoOf(error) ?? 'failed');
    throw error;
  }
}
