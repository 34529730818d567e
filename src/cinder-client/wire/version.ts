import { z } from 'zod';
import { parseForeignJson } from '../../base/index.ts';
import { parseMicroversion } from '../microversion.ts';
import type { Microversion } from '../microversion.ts';

/** Version document: of `/` with status 300, and of `/v3/` with 200. */
const versionDocument = z.looseObject({
  versions: z.array(z.looseObject({ id: z.string(), version: z.string().nullish() })),
});

/** The highest microversion that a version document tells; undefined when it is none, or has no v3. */
export function readMaximum(text: string): Microversion | undefined {
  const document = versionDocument.safeParse(parseQuietly(text));
  const v3 = document.data?.versions.find((version) => version.id.startsWith('v3'));
  if (v3 === undefined) return undefined;
  // Empty in a v3 from before microversions.
  return parseMicroversion(v3.version ?? '') ?? 0;
}

function parseQuietly(text: string): unknown {
  try {
    return parseForeignJson(text);
  } catch {
    return undefined; // not a version document: the caller looks elsewhere
  }
}
