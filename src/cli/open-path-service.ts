import type { Waiting } from '../base/index.ts';
import { startPathService } from '../serve/index.ts';
import type { PathSource } from '../volume/paths/index.ts';
import type { ComputeManager } from '../compute/index.ts';
import type { HostAccess } from './open-host.ts';

/** The part of the compute manager that knows paths. A request always passes its context. */
type PathManager = {
  readonly [Name in 'volumePaths' | 'searchPath' | 'verify']: (
    ...given: Required<Parameters<ComputeManager[Name]>>
  ) => ReturnType<ComputeManager[Name]>;
};

interface ServiceOptions extends Omit<Parameters<typeof startPathService>[0], 'source'> {
  readonly host: HostAccess;
  readonly manager: PathManager | undefined;
  readonly requestId: string;
}

/** Starts the path service over the commands' view of host and partitions. */
export async function openPathService({ host, manager, requestId, ...rest }: ServiceOptions) {
  return await startPathService({ ...rest, source: pathSource({ host, manager, requestId }) });
}

/** Returns what the path service shows. @param manager - undefined for this host alone */
export function pathSource({
  host,
  manager,
  requestId,
}: Pick<ServiceOptions, 'host' | 'manager' | 'requestId'>): PathSource {
  const ofHost = async <T>(look: () => Promise<readonly T[]>): Promise<readonly T[]> =>
    manager === undefined || (await host.takesVolumes()) ? await look() : [];
  const request = (signal: AbortSignal): Waiting & { requestId: string } => ({ requestId, signal });
  return {
    host: host.host,
    paths: async (volume, signal) => [
      ...((await manager?.volumePaths({ volume }, request(signal))) ?? []),
      ...(await ofHost(async () => await host.paths(volume, { signal }))),
    ],
    searchPaths: async (signal) => [
      ...((await manager?.searchPath({}, request(signal))) ?? []),
      ...(await ofHost(async () =>
        (await host.searchPaths()).map((path) => ({
          ...{ connector: host.host, kind: 'host' as const, server: null, search_path: path },
        })),
      )),
    ],
    orphans: async (signal) => [
      ...((await manager?.verify(request(signal))) ?? []).map(({ kind, name, detail, repair }) => ({
        ...{ host: host.host, kind, name, detail, repair },
      })),
      ...(await ofHost(async () => await host.verify({ signal }))),
    ],
  };
}
