import { z } from 'zod';

/**
 * One property of an HMC object: its name on the wire, how it is read there, and how it is written.
 * A table of these is the whole translation of a resource, key by key, in both directions.
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

/** The properties of a resource, by the names that they have inside. */
type FieldTable = Readonly<Record<string, Field>>;

/** The names that a table has on the wire. */
export type WireName<F extends FieldTable> = F[keyof F]['wire'];

/** What reading a table gives. */
export type ReadOf<F extends FieldTable> = { readonly [K in keyof F]: z.output<F[K]['read']> };

/** What reading some of its properties gives, chosen by their names on the wire. */
export type ReadSome<F extends FieldTable, N extends WireName<F>> = {
  readonly [K in keyof F as F[K]['wire'] extends N ? K : never]: z.output<F[K]['read']>;
};

/** What writing some of its fields takes; which of them are required is said where the request is described. */
export type WriteOf<F extends FieldTable, K extends keyof F = keyof F> = {
  readonly [P in K]?: z.input<F[P]['write']> | undefined;
};

/** A property that is written as it is read, or (with `write`) that has its own rules for what we send. */
export function field<N extends string, R extends z.ZodType>(wire: N, read: R): Field<N, R, R>;
export function field<N extends string, R extends z.ZodType, W extends z.ZodType>(
  wire: N,
  read: R,
  write: W,
): Field<N, R, W>;
export function field(wire: string, read: z.ZodType, write: z.ZodType = read): Field {
  return { wire, read, write };
}

/** The names that a table has on the wire, as a value. */
export function wireNames<F extends FieldTable>(fields: F): readonly WireName<F>[] {
  return Object.values(fields).map(({ wire }) => wire);
}

/**
 * Reads an answer that holds the whole table. What the HMC adds is ignored; what is not optional has to be there and of
 * its type.
 */
export function readAll<F extends FieldTable>(fields: F): z.ZodType<ReadOf<F>> {
  return reader(Object.entries(fields)) as z.ZodType<ReadOf<F>>; // made from F, entry by entry
}

/** The same for some properties only. */
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
 * Writes a request body. Strict: a name that is not among `keys`, or a value that the HMC would refuse, is an error here.
 * Names whose value is undefined are left out.
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

/** Absent on some levels, or null: undefined inside. */
export function optional<S extends z.ZodType>(schema: S) {
  return schema.nullish().transform((value) => value ?? undefined);
}
