import { openBackend, startService } from '../serve/index.ts';
import type { BackendOptions, Listen, Service } from '../serve/index.ts';
import type { Settings } from '../config/index.ts';
import { toFailure } from './failure.ts';
import type { HostAccess } from './open-host.ts';
import { pathSource } from './open-path-service.ts';

export interface OpenServiceOptions extends Omit<BackendOptions, 'pathsOf' | 'log'> {
  readonly log: NonNullable<BackendOptions['log']>;
  readonly listens: readonly Listen[];
  readonly release: string;
  readonly openHost: (settings: Settings) => Promise<HostAccess>;
}

/** Starts the service with the commands' view of host and partitions, and of failures. */
export async function openService(
  settings: Settings,
  { listens, release, openHost, ...options }: OpenServiceOptions,
): Promise<Service> {
  const { log, requestId } = options;
  const pathsOf: BackendOptions['pathsOf'] = async (manager, of) => {
    const host = await openHost(of);
    const source = pathSource({ host, manager, requestId });
    return { ...source, [Symbol.dispose]: () => host[Symbol.dispose]() };
  };
  return await startService({
    ...{ settings, listens, log, release },
    open: async (of, signal) => await openBackend(of, { ...options, pathsOf }, signal),
    describe: toFailure,
  });
}
