import { readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Records where the running service of a host listens, as a link in the state directory, until the result is disposed of.
 *
 * @param socketPath - absolute path of its Unix socket
 * @throws the error of the file system
 */
export function publishServiceSocket(statePath: string, host: string, socketPath: string): Disposable {
  const link = linkOf(statePath, host);
  rmSync(link, { force: true });
  symlinkSync(socketPath, link);
  return {
    [Symbol.dispose]: () => {
      if (findServiceSocket(statePath, host) === socketPath) rmSync(link, { force: true });
    },
  };
}

/** Returns the path of the Unix socket of the running service; of a service that has died, nobody listens there. */
export function findServiceSocket(statePath: string, host: string): string | undefined {
  try {
    return readlinkSync(linkOf(statePath, host));
  } catch {
    return undefined; // there is none, or the directory cannot be read: the caller polls
  }
}

function linkOf(statePath: string, host: string): string {
  return join(statePath, `service.${encodeURIComponent(host)}`);
}
