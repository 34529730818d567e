import { isObject, type Json, type Props } from '../model/json.ts';
import { refuse } from '../model/refusal.ts';

/** Types of values on the wire. */
type ValueType = 'string' | 'integer' | 'number' | 'boolean' | 'strings' | 'integers' | 'object' | 'objects';

/** What an HMC demands of one property of a resource. */
export interface PropertyRule {
  readonly type: ValueType;
  /** May be given when the resource is created; `required` must be. */
  readonly create?: 'required' | true;
  /** May be changed later. */
  readonly update?: true;
  /** May not be changed while the partition holds its resources. */
  readonly onlyInactive?: true;
  readonly nullable?: true;
  /** What a new resource has; computed ones have none. */
  readonly initial?: Json;
  /** Smallest number, or shortest text. */
  readonly min?: number;
  /** Greatest number, or longest text. */
  readonly max?: number;
  readonly values?: readonly string[];
  /** The numbers that are allowed, where a range does not tell. */
  readonly numbers?: readonly number[];
  readonly pattern?: RegExp;
  /** Never returned. */
  readonly writeOnly?: true;
  /** First generation that has the property (13 to 17); all if absent. */
  readonly since?: number;
  /** Last generation that has the property. */
  readonly until?: number;
}

/** Rules by property name. */
export type PropertyRules = Readonly<Record<string, PropertyRule>>;

/** 64-bit and 16-bit values as the HMC wants them. */
export const hex16 = /^[0-9a-fA-F]{16}$/u;
export const deviceNumber = /^(?!0000)[0-9a-fA-F]{4}$/u;

/** The characters that peers use in names without trouble; the HMC's own table is not public (inferred). */
const namePattern = /^[A-Za-z0-9_.-](?:[A-Za-z0-9 _.-]*[A-Za-z0-9_.-])?$/u;

export const name: PropertyRule = {
  type: 'string',
  create: 'required',
  update: true,
  min: 1,
  max: 64,
  pattern: namePattern,
};

export const description: PropertyRule = { type: 'string', create: true, update: true, max: 1024, initial: '' };

/** Rules that hold on a machine of this generation. */
export function rulesAt(rules: PropertyRules, level: number): PropertyRules {
  const known = Object.entries(rules).filter(([, rule]) => (rule.since ?? 0) <= level && level <= (rule.until ?? 99));
  return Object.fromEntries(known);
}

/**
 * Checks a request body against the rules, in the order in which an HMC reports: unknown fields (400.6), missing ones (400.5), values (400.7).
 * @throws Refusal for the first that is wrong
 */
export function checkBody(rules: PropertyRules, body: Readonly<Props>, mode: 'create' | 'update'): void {
  for (const field of Object.keys(body)) {
    if (!Object.hasOwn(rules, field) || rules[field]?.[mode] === undefined)
      refuse('fieldUnknown', `the field '${field}' is not supported here`);
  }
  if (mode === 'create') requireFields(body, requiredFields(rules));
  for (const [field, value] of Object.entries(body)) checkValue(field, value, rules[field]);
}

/** Refuses with 400.5 unless all fields are present. */
export function requireFields(body: Readonly<Props>, fields: readonly string[]): void {
  const missing = fields.find((field) => body[field] === undefined);
  if (missing !== undefined) refuse('fieldMissing', `the required field '${missing}' is missing`);
}

/** What a new resource has where the request says nothing. */
export function initialValues(rules: PropertyRules): Props {
  const given = Object.entries(rules).filter(([, rule]) => rule.initial !== undefined);
  return structuredClone(Object.fromEntries(given.map(([field, rule]) => [field, rule.initial ?? null])));
}

/** The properties that may be shown. */
export function readable(rules: PropertyRules, props: Readonly<Props>): Props {
  return Object.fromEntries(Object.entries(props).filter(([field]) => rules[field]?.writeOnly !== true));
}

function requiredFields(rules: PropertyRules): string[] {
  return Object.keys(rules).filter((field) => rules[field]?.create === 'required');
}

function checkValue(field: string, value: Json, rule: PropertyRule | undefined): void {
  if (rule === undefined || (value === null && rule.nullable === true)) return;
  const problem = problemOf(value, rule);
  if (problem !== undefined) refuse('fieldInvalid', `the value of '${field}' ${problem}`);
}

function problemOf(value: Json, rule: PropertyRule): string | undefined {
  if (!hasType(value, rule.type)) return `must be of type ${rule.type}`;
  if (typeof value === 'string') return problemOfText(value, rule);
  if (typeof value === 'number') return problemOfNumber(value, rule);
  return undefined;
}

function problemOfText(value: string, { values, pattern, min = 0, max = Infinity }: PropertyRule): string | undefined {
  if (values !== undefined && !values.includes(value)) return `must be one of ${values.join(', ')}`;
  if (value.length < min || value.length > max) return `must have ${min} to ${max} characters`;
  if (pattern !== undefined && !pattern.test(value)) return 'is not of the required form';
  return undefined;
}

function problemOfNumber(
  value: number,
  { numbers, min = -Infinity, max = Infinity }: PropertyRule,
): string | undefined {
  if (numbers !== undefined && !numbers.includes(value)) return `must be one of ${numbers.join(', ')}`;
  return value < min || value > max ? `must be in the range ${min} to ${max}` : undefined;
}

function hasType(value: Json, type: ValueType): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type;
    case 'number':
      return typeof value === 'number';
    case 'integer':
      return Number.isInteger(value);
    case 'strings':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'integers':
      return Array.isArray(value) && value.every((item) => Number.isInteger(item));
    case 'object':
      return isObject(value);
    case 'objects':
      return Array.isArray(value) && value.every(isObject);
  }
}
