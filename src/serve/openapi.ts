import { z } from 'zod';
import type { Method } from './wire/methods.ts';

/** An operation of the service besides the methods of Nova's contract. */
export interface Operation {
  readonly method: 'get' | 'delete';
  /** A name in braces stands for one segment. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** The names in braces with their descriptions. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Undefined for an answer that is not described by a schema. */
  readonly answer: z.ZodType;
}

/** The description of the service by itself. */
export const describesItself = {
  method: 'get',
  path: '/openapi.json',
  id: 'getOpenApi',
  summary: 'This description',
  answer: z.looseObject({}),
} as const satisfies Operation;

const refusals = {
  '400': 'the request cannot be used',
  '401': 'missing or wrong token',
  '404': 'no such path, or no such object',
  '409': 'another call has this idempotency key, or the call was cancelled',
  '413': 'the body is too large',
  '422': 'the driver refused the call, or failed',
  '500': 'HMC, Cinder or host did not answer',
  '501': 'no machine in DPM mode can do this',
  '503': 'the service is busy, not ready, or stops',
  '504': 'the deadline passed',
} as const;
type Refusal = keyof typeof refusals;

const readFailures: readonly Refusal[] = ['401', '404', '500', '503'];
const callFailures: readonly Refusal[] = ['400', '401', '409', '413', '422', '501', '503', '504'];

const errorShape = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    request_id: z.string().optional(),
    nova_exception: z.string().optional().describe('a class of nova.exception, or NotImplementedError'),
    left_behind: z.array(z.string()).optional(),
    advice: z.string().nullable().optional(),
  }),
});

/** Returns the OpenAPI 3.1 description. @param options.methods - those of Nova's contract that the service answers */
export function openApi(
  operations: readonly Operation[],
  { version, methods = {} }: { version: string; methods?: Readonly<Record<string, Omit<Method, 'name'>>> },
): object {
  const named = Object.entries(methods);
  const withDriver = named.length > 0;
  const calls = named.map(([name, method]) => [`/v1/driver/${name}`, { post: call(name, method) }] as const);
  const paths = new Map<string, Record<string, object>>();
  for (const each of operations)
    paths.set(each.path, { ...paths.get(each.path), [each.method]: describeOperation(each) });
  return {
    openapi: '3.1.0',
    info: {
      title: withDriver ? 'nova-dpm service' : 'nova-dpm path service',
      version,
      description: withDriver
        ? 'The virt driver for one compute host, for the bridge in nova-compute; events, health, and paths of volumes.'
        : 'Paths of volumes on this host and on the partitions of its compute host. For test environments.',
    },
    security: [{ token: [] }],
    paths: Object.fromEntries<object>([...paths, ...calls]),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: toSchema(errorShape) },
    },
  };
}

function describeOperation({ id, summary, parameters = {}, answer }: Operation): object {
  return {
    operationId: id,
    summary,
    parameters: Object.entries(parameters).map(([name, description]) => ({
      ...{ name, in: 'path', required: true, description, schema: { type: 'string' } },
    })),
    responses: { '200': { description: summary, content: json(toSchema(answer)) }, ...failures(readFailures) },
  };
}

function call(name: string, { summary, body, result, changes }: Omit<Method, 'name'>): object {
  const header = (title: string, required: boolean, description: string) => ({
    ...{ name: title, in: 'header', required, description, schema: { type: 'string' } },
  });
  const answer = { type: 'object', properties: { result: toSchema(result) }, required: ['result'] };
  return {
    operationId: name,
    summary,
    parameters: [
      header('X-Openstack-Request-Id', false, 'req-<uuid>, shown in every log line and error'),
      header('Idempotency-Key', changes, '1 to 128 of [A-Za-z0-9._-]; a repetition gets the answer of the first call'),
      header('X-Deadline-Seconds', false, 'after this time the call is cancelled and rolled back'),
    ],
    requestBody: { required: true, content: json(toSchema(body)) },
    responses: { '200': { description: summary, content: json(answer) }, ...failures(callFailures) },
  };
}

function json(schema: object): object {
  return { 'application/json': { schema } };
}

function failures(statuses: readonly Refusal[]): object {
  const content = json({ $ref: '#/components/schemas/Error' });
  return Object.fromEntries(statuses.map((status) => [status, { description: refusals[status], content }]));
}

function toSchema(schema: z.ZodType): object {
  const options = { target: 'draft-2020-12', reused: 'inline', io: 'input' } as const;
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, options);
  return rest;
}
