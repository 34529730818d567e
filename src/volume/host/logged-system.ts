import type { Logger } from '../../base/index.ts';
import { errnoOf } from './system.ts';
import type { HostSystem } from './system.ts';

/** Wraps a host to log each write and each command with its outcome. They never contain a secret. */
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
      const tell = (errno?: string) => log.debug({ event: 'host.write', path, text, errno }, 'sysfs write');
      await logFailure(tell, system.write(path, text, waiting));
      tell();
    },
    run: async (command, args, options) => {
      const fields = { event: 'host.run', command: [command, ...args].join(' ') };
      const failed = (errno: string) => log.debug({ ...fields, errno }, 'command');
      const result = await logFailure(failed, system.run(command, args, options));
      log.debug({ ...fields, status: result.status }, 'command');
      return result;
    },
  };
}

async function logFailure<T>(failed: (errno: string) => void, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    failed(errnoOf(error) ?? 'failed');
    throw error;
  }
}
