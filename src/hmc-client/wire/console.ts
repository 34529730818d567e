import { z } from 'zod';
import { field, optional } from './fields.ts';
import type { ReadOf } from './fields.ts';

/** What we read of the console. */
export const consoleFields = {
  name: field('name', z.string()),
  version: field('version', z.string()),
  description: field('description', optional(z.string())),
} as const;

/** The HMC itself. @public */
export type HmcConsole = ReadOf<typeof consoleFields> & { readonly uri: string };
