import { z } from 'zod';
import { field } from './fields.ts';
import type { ReadOf } from './fields.ts';

/** What we read of the console. */
export const consoleFields = {
  name: field('name', z.string()),
  version: field('version', z.string()),
} as const;

/** The HMC itself. @public */
export type HmcConsole = ReadOf<typeof consoleFields> & { readonly uri: string };
