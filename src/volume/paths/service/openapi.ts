import { z } from 'zod';
import { errorAnswer } from './schemas.ts';
import type { Route } from './schemas.ts';

const refusals = {
  '401': 'missing or wrong token',
  '404': 'no such path, or no such volume',
  '500': 'HMC, Cinder or host did not answer',
  '503': 'too many requests at once',
};

/** Returns the OpenAPI 3.1 description of the service. */
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

function toSchema(schema: z.ZodType): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', reused: 'inline' });
  return rest;
}
