import type { Call } from '../call.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { checkBody, rulesAt, type PropertyRules } from '../rules/property-rule.ts';
import type { Props } from '../model/json.ts';

/** The body of an Update, checked against the rules of the resource's machine. */
export function updateBody(call: Call, resource: Resource, rules: PropertyRules): Props {
  const body = call.body();
  checkBody(rulesAt(rules, call.context.levelOf(resource)), body, 'update');
  return body;
}

/** An Update that is no more than its rules: checks the body, sees to unique names, and changes the properties. */
export function updateResource(call: Call, resource: Resource, rules: PropertyRules): void {
  const body = updateBody(call, resource, rules);
  refuseTakenName(call, resource, body);
  call.needUsableCpc(resource);
  Object.assign(resource.props, body);
}

function refuseTakenName({ context }: Call, resource: Resource, body: Readonly<Props>): void {
  if (body.name === undefined) return;
  const parent = context.model.parentOf(resource);
  const siblings = parent === undefined ? [] : context.model.childrenOf(parent, resource.class);
  refuseTaken(
    'name',
    body.name,
    siblings.filter((sibling) => sibling !== resource),
  );
}

/** Refuses with 400.8 a value that another resource has. */
export function refuseTaken(field: string, value: Props[string] | undefined, others: readonly Resource[]): void {
  if (value !== undefined && others.some(({ props }) => props[field] === value)) {
    refuse('notUnique', `the value ${JSON.stringify(value)} of '${field}' is not unique`);
  }
}
