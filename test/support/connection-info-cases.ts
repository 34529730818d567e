import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { errorCodes, lunSchema, wwpnSchema } from '../../src/base/index.ts';
import type { ErrorCode } from '../../src/base/index.ts';

const pathSchema = z.strictObject({ initiator: wwpnSchema, target: wwpnSchema, lun: lunSchema });
const codes = Object.keys(errorCodes) as ErrorCode[]; // the keys of the table are its type

const caseSchema = z.strictObject({
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
const fileSchema = z.strictObject({
  source: z.templateLiteral([z.enum(['constructed', 'recorded']), z.string()]),
  cases: z.array(caseSchema).min(1),
});

/** What back ends answer, and what has to be made of it. */
const directory = new URL('../fixtures/connection-info/', import.meta.url);
export const connectionInfoFiles = readdirSync(directory).map((name) => ({
  name,
  ...fileSchema.parse(JSON.parse(readFileSync(new URL(name, directory), 'utf8'))),
}));
