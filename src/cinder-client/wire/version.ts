import { z } from 'zod';
import { parseMicroversion } from '../microversion.ts';
import type { Microversion } from '../microversion.ts';
import { parseAnswer } from './parse.ts';

/** Version document: of `/` with status 300, and of `/v3/` with 200. */
const versionDocument = z.looseObject({
  versions: z.array(z.looseObject({ id: z.string(), version: z.string().nullish() })),
});

/**
 * The highest microversion that a version document tells; undefined when it has no v3.
 *
 * @throws CinderSchemaError when it is no version document
 */
export function readMaximum(text: string, what: string): Microversion | undefined {
  const { versions } = parseAnswer(versionDocument, text, what);
  const v3 = versions.find((version) => version.id.startsWith('v3'));
  if (v3 === undefined) return undefined;
  // Empty in a v3 from before microversions.
  return parseMicroversion(v3.version ?? '') ?? 0;
}
