import type { Logger, Secret } from '../base/index.ts';
import { pathRecordSchema } from '../volume/index.ts';
import { PathService } from '../volume/paths/index.ts';
import type { PathSource } from '../volume/paths/index.ts';
import type { JsonObject, ServiceSources } from './seams.ts';

interface ServiceOptions extends ServiceSources {
  readonly token: Secret;
  readonly listen: string;
  readonly port: number;
  readonly log: Logger;
}

/** The path service over what the commands see. */
export async function openPathService({ host, manager, ...rest }: ServiceOptions): Promise<PathService> {
  return await PathService.start({ ...rest, source: sourceOf({ host, manager }) });
}

function sourceOf({ host, manager }: ServiceSources): PathSource {
  const ofHost = async <T>(look: () => Promise<readonly T[]>): Promise<readonly T[]> =>
    manager === undefined || (await host.takesVolumes()) ? await look() : [];
  return {
    host: host.host,
    paths: async (volume, signal) => {
      const rows = [
        ...((await manager?.volumePaths({ volume }, { signal })) ?? []),
        ...(await ofHost(async () => await host.paths(volume, { signal }))),
      ];
      return rows.map((row) => pathRecordSchema.parse(row));
    },
    searchPaths: async (signal) => [
      ...((await manager?.searchPath({}, { signal })) ?? []).map((row) => ({
        ...{ connector: textOf(row.connector), kind: 'partition' as const, search_path: textOf(row.search_path) },
      })),
      ...(await ofHost(async () =>
        (await host.searchPaths()).map((path) => ({ connector: host.host, kind: 'host' as const, search_path: path })),
      )),
    ],
    orphans: async (signal) =>
      [
        ...((await manager?.verify({ repair: false }, { signal })) ?? []),
        ...(await ofHost(async () => await host.verify({ repair: false }, { signal }))),
      ].map((row) => toFinding(row, host.host)),
  };
}

function toFinding({ kind, name, detail, repair, host }: JsonObject, here: string) {
  return {
    host: typeof host === 'string' ? host : here,
    kind: textOf(kind),
    name: textOf(name),
    detail: textOf(detail),
    repair: typeof repair === 'string' ? repair : null,
  };
}

function textOf(value: JsonObject[string]): string {
  return typeof value === 'string' ? value : '';
}
