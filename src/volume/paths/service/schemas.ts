import { z } from 'zod';
import { pathRecordSchema } from '../../index.ts';

/** Answers of the path service. The OpenAPI description is made from these, and the client reads with them. */

export const pathsAnswer = z
  .object({ host: z.string().describe('the host that answers'), paths: z.array(pathRecordSchema) })
  .meta({ id: 'Paths' });

const searchPathSchema = z
  .object({
    connector: z.string(),
    kind: z.enum(['partition', 'host']),
    search_path: z.string().describe('a directory on a host, a URI on an HMC'),
  })
  .meta({ id: 'SearchPath' });

export const searchPathsAnswer = z
  .object({ host: z.string(), search_paths: z.array(searchPathSchema) })
  .meta({ id: 'SearchPaths' });

export const findingSchema = z
  .object({
    host: z.string().describe('where it was found'),
    kind: z.string().describe('partition, storage-group, attachment, device-path, zfcp-unit, multipath-map, mount, …'),
    name: z.string(),
    detail: z.string(),
    repair: z
      .string()
      .nullable()
      .describe('what dpm verify --repair does about it on that host; null: a person decides'),
  })
  .meta({ id: 'Finding' });

export const orphansAnswer = z.object({ host: z.string(), orphans: z.array(findingSchema) }).meta({ id: 'Orphans' });

export const errorAnswer = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .meta({ id: 'Error' });

/** A finding as one host tells it. */
export type ServedFinding = z.infer<typeof findingSchema>;

/** What the service answers from. All of it only looks. */
export interface PathSource {
  readonly host: string;
  /** @param volume - name or id; undefined for all. @throws NotFoundError */
  paths(volume: string | undefined, signal: AbortSignal): Promise<z.input<typeof pathsAnswer>['paths']>;
  searchPaths(signal: AbortSignal): Promise<z.input<typeof searchPathsAnswer>['search_paths']>;
  orphans(signal: AbortSignal): Promise<readonly ServedFinding[]>;
}
