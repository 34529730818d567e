import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { describeError, DpmError, errorCodes, lunSchema, wwpnSchema } from '../../src/base/index.ts';
import type { ErrorCode, Wwpn } from '../../src/base/index.ts';
import { readConnectionInfo } from '../../src/cinder-client/index.ts';
import { parseFcConnection, selectPaths } from '../../src/volume/index.ts';

const pathSchema = z.strictObject({ initiator: wwpnSchema, target: wwpnSchema, lun: lunSchema });
const codes = Object.keys(errorCodes) as ErrorCode[]; // the keys of the table are its type

export const caseSchema = z.strictObject({
  name: z.string(),
  /** The partition's ports, the one preferred for boot first. */
  initiators: z.array(wwpnSchema).min(1),
  ignoredTargets: z.array(wwpnSchema).default([]),
  connectionInfo: z.unknown(),
  expected: z.union([
    z.strictObject({
      reason: z.string(),
      /** In boot order. */
      paths: z.array(pathSchema).min(1),
      excluded: z
        .array(z.strictObject({ initiator: wwpnSchema, target: wwpnSchema.nullable(), reason: z.string() }))
        .default([]),
      isReadOnly: z.boolean().default(false),
      naa: z.string().optional(),
    }),
    /** The message contains this text. */
    z.strictObject({ error: z.strictObject({ code: z.enum(codes), message: z.string() }) }),
  ]),
});
export const sourceSchema = z.templateLiteral([z.enum(['constructed', 'recorded']), z.string()]);
const fileSchema = z.strictObject({
  source: sourceSchema,
  cases: z.array(caseSchema).min(1),
});

/** What back ends answer, and what has to be made of it. */
const directory = new URL('../fixtures/connection-info/', import.meta.url);
export const connectionInfoFiles = readdirSync(directory).map((name) => ({
  name,
  ...fileSchema.parse(JSON.parse(readFileSync(new URL(name, directory), 'utf8'))),
}));

/** Returns the paths that a boot tries for an answer of Cinder. */
function choose(info: unknown, initiators: readonly Wwpn[], ignoredTargets: readonly Wwpn[] = []) {
  const connection = parseFcConnection(readConnectionInfo(info));
  const selection = selectPaths(connection, { initiators, ignoredTargets: new Set(ignoredTargets) });
  return {
    reason: selection.reason,
    paths: selection.paths.map(({ initiatorWwpn, targetWwpn, lun }) => ({
      initiator: initiatorWwpn,
      target: targetWwpn,
      lun,
    })),
    excluded: selection.excluded.map(({ initiatorWwpn, targetWwpn, reason }) => ({
      initiator: initiatorWwpn,
      target: targetWwpn ?? null,
      reason,
    })),
    isReadOnly: connection.isReadOnly,
    ...(connection.naa === undefined ? {} : { naa: connection.naa }),
  };
}

/** Returns the same as choose, or the error as data. */
export function chooseOrFail(...given: Parameters<typeof choose>) {
  try {
    return choose(...given);
  } catch (error) {
    if (error instanceof DpmError) return { code: error.code, message: describeError(error), facts: error.facts };
    throw error;
  }
}
