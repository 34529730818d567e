import { z } from 'zod';
import { uri, uris } from './common.ts';
import { field, readAll } from './fields.ts';
import type { ReadOf } from './fields.ts';

/** Item of List Capacity Groups of a CPC. Source: IBM WS API, List Capacity Groups of a CPC, 3932-AGZ. */
const summaryFields = { uri: field('element-uri', uri), name: field('name', z.string()) } as const;

/** @public */
export type CapacityGroupSummary = ReadOf<typeof summaryFields>;

export const capacityGroupListAnswer = z.looseObject({ 'capacity-groups': z.array(readAll(summaryFields)) });

/** What we read of a capacity group. Source: IBM WS API, Get Capacity Group Properties, 3932-AGL. */
const groupFields = { name: field('name', z.string()), partitionUris: field('partition-uris', uris) } as const;

export const capacityGroupAnswer = readAll(groupFields);

/** A capacity group: partitions that share a limit on processors. @public */
export type CapacityGroup = ReadOf<typeof groupFields> & { readonly uri: string };
