import { z } from 'zod';
import type { Route } from './route.ts';
import { errorAnswer } from './schemas.ts';

const refusals = {
  '401': 'no token, or another one',
  '404': 'no such path, or no such volume',
  '500': 'HMC, Cinder or host could not be asked',
  '503': 'too many requests at once',
};

/** The OpenAPI 3.1 description of the service, made from its routes and the schemas of their answers. */
export function openApi(routes: readonly Route[]): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'nova-dpm path service',
      version: '1',
      description: 'Paths of volumes on this host and on the partitions of its compute host. For test environments.',
    },
    security: [{ token: [] }],
    paths: Object.fromEntries(routes.map((route) => [route.path, { get: operation(route) }])),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: toSchema(errorAnswer) },
    },
  };
}

function operation({ id, summary, parameters, answer }: Route): object {
  const error = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };
  const schema = answer === undefined ? { type: 'object' } : toSchema(answer);
  return {
    operationId: id,
    summary,
    parameters: Object.entries(parameters).map(([name, description]) => ({
      ...{ name, in: 'path', required: true, description, schema: { type: 'string' } },
    })),
    responses: {
      '200': { description: summary, content: { 'application/json': { schema } } },
      ...Object.fromEntries(
        Object.entries(refusals).map(([status, description]) => [status, { description, content: error }]),
      ),
    },
  };
}

/** Whole, without references into itself: `$defs` would point to the root of another document here. */
function toSchema(schema: z.ZodType): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', reused: 'inline' });
  return inlined(rest, rest.$defs ?? {});
}

function inlined(value: unknown, definitions: Readonly<Record<string, unknown>>): object {
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== 'object' || node === null) return node;
    const { $ref: reference, $defs: _definitions, id: _id, ...rest } = node as Record<string, unknown>; // an object of JSON
    if (typeof reference === 'string') return walk(definitions[reference.replace('#/$defs/', '')]);
    return Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, walk(inner)]));
  };
  return walk(value) as object; // an object in, an object out
}
