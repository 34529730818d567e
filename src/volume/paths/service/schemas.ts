import { z } from 'zod';
import { pathRecordSchema } from '../../index.ts';

/** Responses of the path service. Its OpenAPI description and the checks of the client are made from these schemas. */

export const pathsAnswer = z.object({
  host: z.string().describe('host of the path service'),
  paths: z.array(pathRecordSchema),
});

const searchPathSchema = z.object({
  connector: z.string(),
  kind: z.enum(['partition', 'host']),
  server: z.string().nullable().describe('name of the server that the partition runs'),
  search_path: z.string().describe('a directory on a host, a URI on an HMC'),
});

export const searchPathsAnswer = z.object({ host: z.string(), search_paths: z.array(searchPathSchema) });

const findingSchema = z.object({
  host: z.string().describe('host on which the object was found'),
  kind: z.string().describe('partition, storage-group, attachment, device-path, zfcp-unit, multipath-map, mount, …'),
  name: z.string(),
  detail: z.string(),
  repair: z
    .string()
    .nullable()
    .describe('what dpm verify --repair does on that host; null if the administrator has to decide'),
});

export const orphansAnswer = z.object({ host: z.string(), orphans: z.array(findingSchema) });

export const errorAnswer = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** A finding as a path service reports it. */
export type ServedFinding = z.infer<typeof findingSchema>;

/** The source of the data of the service. No method changes anything. */
export interface PathSource {
  readonly host: string;
  /** @param volume - name or ID; undefined for all. @throws NotFoundError */
  paths(volume: string | undefined, signal: AbortSignal): Promise<z.input<typeof pathsAnswer>['paths']>;
  searchPaths(signal: AbortSignal): Promise<z.input<typeof searchPathsAnswer>['search_paths']>;
  orphans(signal: AbortSignal): Promise<readonly ServedFinding[]>;
}
