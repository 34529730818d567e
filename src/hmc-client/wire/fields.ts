import { z } from 'zod';

/**
 * A property of an HMC object: its wire name and the schemas for answers and requests. A table of fields translates a
 * resource in both directions.
 */
export interface Field<
  Wire extends string = string,
  Read extends z.ZodType = z.ZodType,
  Write extends z.ZodType = z.ZodType,
> {
  readonly wire: Wire;
  readonly read: Read;
  readonly write: Write;
}

/** The fields of a resource, by this client's names. */
type FieldTable = Readonly<Record<string, Field>>;

export type WireName<F extends FieldTable> = F[keyof F]['wire'];

/** The result of reading a table. */
export type ReadOf<F extends FieldTable> = { readonly [K in keyof F]: z.output<F[K]['read']> };

/** The result of reading some properties, chosen by wire name. */
export type ReadSome<F extends FieldTable, N extends WireName<F>> = {
  readonly [K in keyof F as F[K]['wire'] extends N ? K : never]: z.output<F[K]['read']>;
};

/** The input for writing some fields, all optional; the request's type adds the required ones. */
export type WriteOf<F extends FieldTable, K extends keyof F = keyof F> = {
  readonly [P in K]?: z.input<F[P]['write']> | undefined;
};

/** Defines a property; `write` is for requests, if their schema differs. */
export function field<N extends string, R extends z.ZodType>(wire: N, read: R): Field<N, R, R>;
export function field<N extends string, R extends z.ZodType, W extends z.ZodType>(
  wire: N,
  read: R,
  write: W,
): Field<N, R, W>;
export function field(wire: string, read: z.ZodType, write: z.ZodType = read): Field {
  return { wire, read, write };
}

export function wireNames<F extends FieldTable>(fields: F): readonly WireName<F>[] {
  return Object.values(fields).map(({ wire }) => wire);
}

/**
 * Returns the schema of an answer with the whole table. Ignores other properties; those that are not optional have to be
 * present and of their type.
 */
export function readAll<F extends FieldTable>(fields: F): z.ZodType<ReadOf<F>> {
  return reader(Object.entries(fields)) as z.ZodType<ReadOf<F>>; // made from F, entry by entry
}

/** Like {@link readAll} for some properties. */
export function readSome<F extends FieldTable, N extends WireName<F>>(
  fields: F,
  names: readonly N[],
): z.ZodType<ReadSome<F, N>> {
  const wanted: ReadonlySet<string> = new Set(names);
  const entries = Object.entries(fields).filter(([, { wire }]) => wanted.has(wire));
  return reader(entries) as z.ZodType<ReadSome<F, N>>; // made from the entries of F that N names
}

function reader(entries: readonly (readonly [string, Field])[]): z.ZodType {
  const shape = Object.fromEntries(entries.map(([, { wire, read }]) => [wire, read]));
  return z
    .looseObject(shape)
    .transform((seen) => Object.fromEntries(entries.map(([key, { wire }]) => [key, seen[wire]])));
}

/**
 * Returns the schema that makes a request body. Strict: rejects names that are not among `keys` and values that the HMC
 * would refuse. Omits undefined values.
 */
export function writerOf<F extends FieldTable>(
  fields: F,
  keys: readonly (keyof F & string)[],
): z.ZodType<Record<string, unknown>> {
  const chosen = new Map(Object.entries(fields).filter(([key]) => keys.includes(key)));
  const shape = Object.fromEntries([...chosen].map(([key, { write }]) => [key, write.optional()]));
  return z.strictObject(shape).transform((given) => {
    const present = Object.entries(given).filter(([, value]) => value !== undefined);
    return Object.fromEntries(present.map(([key, value]) => [chosen.get(key)?.wire ?? key, value]));
  });
}

/** Absent on some levels, or null: read as undefined. */
export function optional<S extends z.ZodType>(schema: S) {
  return schema.nullish().transform((value) => value ?? undefined);
}
