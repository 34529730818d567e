import { z } from 'zod';
import { parseMicroversion } from '../endpoint.ts';
import type { Microversion } from '../endpoint.ts';
import { parseAnswer } from './parse.ts';

/** The response to `/` with status 300, and to `/v3/` with status 200. */
const versionDocument = z.looseObject({
  versions: z.array(z.looseObject({ id: z.string(), version: z.string().nullish() })),
});

/** Returns the highest microversion in a version document. Undefined if the document has no v3. @throws CinderSchemaError */
export function readMaximum(text: string, what: string): Microversion | undefined {
  const { versions } = parseAnswer(versionDocument, text, what);
  const v3 = versions.find((version) => version.id.startsWith('v3'));
  if (v3 === undefined) return undefined;
  // The version is empty in a v3 that is older than microversions.
  return parseMicroversion(v3.version ?? '') ?? 0;
}
