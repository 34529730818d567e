import { ApiFault } from './api-fault.ts';
import { isObject } from '../json.ts';
import { pythonRepr, pythonStr } from './python.ts';

type TypeName = 'object' | 'array' | 'string' | 'integer' | 'boolean' | 'null';

/** The part of JSON Schema that Cinder's request schemas need. */
export interface Schema {
  readonly type?: TypeName | readonly TypeName[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** False: unknown properties are refused. */
  readonly additionalProperties?: false;
  readonly minProperties?: number;
  readonly uuid?: true;
  readonly enum?: readonly unknown[];
  readonly pattern?: RegExp;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly anyOf?: readonly Schema[];
}

interface Violation {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly message: string;
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/**
 * Checks a request body the way Cinder's validation decorator does.
 * @returns the body, typed by the caller, who wrote the schema
 * @throws {@link ApiFault} 400, worded like Python's jsonschema (cinder/api/validation/validators.py)
 */
export function validate(schema: Schema, body: unknown): void {
  const violation = firstViolation(schema, body, []);
  if (!violation) return;
  const field = violation.path.at(-1);
  const { value, message } = violation;
  if (field === undefined) throw new ApiFault(400, message);
  throw new ApiFault(400, `Invalid input for field/attribute ${field}. Value: ${pythonStr(value)}. ${message}`);
}

function firstViolation(schema: Schema, value: unknown, path: readonly string[]): Violation | undefined {
  const message = typeProblem(schema, value) ?? valueProblem(schema, value) ?? objectProblem(schema, value);
  if (message !== undefined) return { path, value, message };
  if (!isObject(value)) return undefined;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!(name in value)) continue;
    const inner = firstViolation(property, value[name], [...path, name]);
    if (inner) return inner;
  }
  return undefined;
}

function typeProblem(schema: Schema, value: unknown): string | undefined {
  if (schema.type === undefined) return undefined;
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
  if (types.some((type) => hasType(type, value))) return undefined;
  return `${pythonRepr(value)} is not of type ${types.map((type) => `'${type}'`).join(', ')}`;
}

function hasType(type: TypeName, value: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  return typeof value === type;
}

function valueProblem(schema: Schema, value: unknown): string | undefined {
  const shown = pythonRepr(value);
  if (schema.enum && !schema.enum.includes(value)) return `${shown} is not one of ${pythonRepr([...schema.enum])}`;
  if (typeof value === 'number' && schema.minimum !== undefined && value < schema.minimum) {
    return `${shown} is less than the minimum of ${schema.minimum}`;
  }
  return typeof value === 'string' ? stringProblem(schema, value, shown) : undefined;
}

function stringProblem(schema: Schema, value: string, shown: string): string | undefined {
  if (schema.uuid && !UUID.test(value)) return `${shown} is not a 'uuid'`;
  if (schema.pattern && !schema.pattern.test(value)) return `${shown} does not match '${schema.pattern.source}'`;
  if (schema.minLength !== undefined && value.length < schema.minLength) return `${shown} is too short`;
  if (schema.maxLength !== undefined && value.length > schema.maxLength) return `${shown} is too long`;
  return undefined;
}

function objectProblem(schema: Schema, value: unknown): string | undefined {
  if (schema.anyOf && !schema.anyOf.some((choice) => firstViolation(choice, value, []) === undefined)) {
    return `${pythonRepr(value)} is not valid under any of the given schemas`;
  }
  if (!isObject(value)) return undefined;
  const missing = schema.required?.find((name) => !(name in value));
  if (missing !== undefined) return `'${missing}' is a required property`;
  if (Object.keys(value).length < (schema.minProperties ?? 0)) {
    return `${pythonRepr(value)} does not have enough properties`;
  }
  return schema.additionalProperties === false ? unknownProblem(schema, value) : undefined;
}

function unknownProblem(schema: Schema, value: Readonly<Record<string, unknown>>): string | undefined {
  const unknown = Object.keys(value).filter((name) => !(name in (schema.properties ?? {})));
  if (unknown.length === 0) return undefined;
  const names = unknown.map((name) => `'${name}'`).join(', ');
  return `Additional properties are not allowed (${names} ${unknown.length === 1 ? 'was' : 'were'} unexpected)`;
}
