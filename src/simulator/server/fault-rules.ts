import { z } from 'zod';

const effect = z.enum(['none', 'done']).optional();

/** What can go wrong. The effect of the request is `none` (it never happened) or `done` (it happened, but the client sees a failure). */
const faultKindSchema = z.discriminatedUnion('type', [
  /** An error in the server's own form. `effect: 'done'` reports an error although the work was done (HMC 500.12 on Create NIC). */
  z.strictObject({
    type: z.literal('refuse'),
    status: z.int().min(400).max(599),
    reason: z.int().optional(),
    message: z.string().optional(),
    effect,
    headers: z.record(z.string(), z.string()).optional(),
  }),
  /** The connection is reset before or after the effect; no answer. */
  z.strictObject({ type: z.literal('drop'), when: z.enum(['before', 'after']) }),
  /** The connection is closed without reading: at TCP level if the rule is for `*` without `match`, else on the request's arrival. */
  z.strictObject({ type: z.literal('refuse-connection') }),
  /** The answer is late by `ms`; `before` also delays the effect. */
  z.strictObject({ type: z.literal('delay'), ms: z.number().min(0), when: z.enum(['before', 'after']).optional() }),
  /** Half of the answer, then a reset. */
  z.strictObject({ type: z.literal('truncate'), effect }),
  /** An answer of the announced length that is not JSON. */
  z.strictObject({ type: z.literal('malformed'), effect }),
  /** An HTML page, as from a proxy or a server that is starting; status 503 unless given. */
  z.strictObject({ type: z.literal('html'), status: z.int().min(200).max(599).optional(), effect }),
  /** Valid JSON of another shape, with the true status. */
  z.strictObject({ type: z.literal('wrong-schema'), effect }),
  /** The session (hmc) or token (keystone, cinder) of this request is gone. */
  z.strictObject({ type: z.literal('session-lost') }),
  /** The job that this request starts (hmc) ends like this; `lost` forgets it, so that a query answers 404.1. */
  z.strictObject({
    type: z.literal('job'),
    outcome: z.enum(['failed', 'canceled', 'lost']),
    status: z.int().optional(),
    reason: z.int().optional(),
    effect,
  }),
  /** The partition status that this start or stop (hmc) ends in; `stalled` stays transitional. */
  z.strictObject({
    type: z.literal('status'),
    end: z.enum(['stalled', 'paused', 'terminated', 'degraded', 'reservation-error']),
  }),
  /** The server restarts: sessions, topics and tokens are gone, jobs go on, this request has no effect and no answer. */
  z.strictObject({ type: z.literal('restart') }),
  /** The volume driver (cinder) fails: status 500. */
  z.strictObject({ type: z.literal('backend-error'), effect }),
  /** The attachment or volume (cinder) stays in its transitional status. */
  z.strictObject({ type: z.literal('stuck') }),
  /** A message (broker) does not arrive; its sequence number is used up. */
  z.strictObject({ type: z.literal('lose') }),
  /** A message (broker) arrives twice. */
  z.strictObject({ type: z.literal('repeat') }),
]);

/** Schema of one fault rule: rules are plain JSON and can come from a file. */
const faultRuleSchema = z.strictObject({
  id: z.string().min(1),
  server: z.enum(['hmc', 'broker', 'cinder', 'keystone', 'glance', 'san']),
  operation: z.string().min(1),
  match: z
    .strictObject({ method: z.string().optional(), path: z.string().optional(), body: z.string().optional() })
    .optional(),
  when: z
    .strictObject({
      skip: z.int().min(0).optional(),
      times: z.int().min(-1).optional(),
      probability: z.number().min(0).max(1).optional(),
    })
    .optional(),
  kind: faultKindSchema,
});

/**
 * What a struck rule does, as plain data; `type` tells which.
 * @public
 */
export type FaultKind = z.infer<typeof faultKindSchema>;

/**
 * When something goes wrong, and what: the n-th request of an operation that matches.
 *
 * `operation` is the exact operation name of the server, or `*`. `match.path` and `match.body` are regular expressions, on the path with its
 * query and on the JSON text of the body. `when.skip` lets that many matching requests pass, `when.times` (default 1, -1 for ever) bounds
 * the strikes, `when.probability` throws a seeded die for each.
 * @public
 */
export type FaultRule = z.infer<typeof faultRuleSchema>;

/** All kinds of faults, by the value of `type`. */
export const faultKinds: readonly FaultKind['type'][] = faultKindSchema.options.map(({ shape }) => shape.type.value);

/**
 * Reads fault rules from parsed JSON or YAML.
 *
 * @param operations - known operations by server; rules for other operations of such a server are refused
 * @throws Error naming each field that is wrong
 * @public
 */
export function parseFaultRules(
  value: unknown,
  operations: Partial<Readonly<Record<FaultRule['server'], readonly string[]>>> = {},
): FaultRule[] {
  const parsed = z.array(faultRuleSchema).safeParse(value);
  if (!parsed.success) throw new Error(`fault rules: ${parsed.error.issues.map(describeIssue).join('; ')}`);
  for (const [index, { server, operation }] of parsed.data.entries()) {
    if (operation === '*' || operations[server]?.includes(operation) !== false) continue;
    const example =
      operations[server].find((known) => known.startsWith(operation.slice(0, 4))) ?? operations[server][0];
    throw new Error(
      `fault rules: [${index}].operation: ${server} has no operation "${operation}"; expected a name such as "${example}"`,
    );
  }
  return parsed.data;
}

function describeIssue({ path, message, code }: z.core.$ZodIssue): string {
  const where = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('') || 'the file';
  const isKind = code === 'invalid_union' && path.at(-1) === 'type';
  return `${where}: ${isKind ? `expected one of ${faultKinds.join(', ')}` : message}`;
}
