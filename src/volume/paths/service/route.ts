import type { z } from 'zod';
import type { PathSource } from './schemas.ts';

/** One question that the service answers. */
export interface Route {
  /** `{name}` stands for one segment. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** Names of what stands in braces, each with its meaning. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly answer: z.ZodType | undefined;
  readonly handle: (source: PathSource, parameters: readonly string[], signal: AbortSignal) => Promise<object>;
}
