import type { Call } from './call.ts';
import { applyFilters, type Filters } from './filter.ts';
import type { Props } from './model/json.ts';
import type { Resource } from './model/model.ts';
import { refuse } from './model/refusal.ts';

/** How a list operation shows its resources. */
export interface Listing {
  /** What is shown without being asked for. */
  readonly item: (resource: Resource) => Props;
  /** All properties, for additional ones and for filters. */
  readonly view: (resource: Resource) => Props;
  readonly filters: Filters;
  /** Whether the HMC's level knows `additional-properties` here; 400.1 if it does not. */
  readonly allowsAdditional: boolean;
}

const additional = 'additional-properties';

/** The items of a list operation: what the user may see, filtered, with the additional properties asked for. */
export function listItems(call: Call, resources: readonly Resource[], listing: Listing): Props[] {
  const { item, view, filters, allowsAdditional } = listing;
  call.allowQuery(...Object.keys(filters), ...(allowsAdditional ? [additional] : []));
  const names = splitNames(call.req.query.getAll(additional));
  const resourceOf = new Map<Props, Resource>();
  for (const resource of resources.filter((each) => call.canSee(each))) {
    resourceOf.set({ ...view(resource), ...item(resource) }, resource);
  }
  const shown = [...resourceOf.keys()];
  const unknown = names.find((name) => shown.length > 0 && !shown.some((props) => Object.hasOwn(props, name)));
  if (unknown !== undefined) refuseProperty(unknown);
  return applyFilters(shown, call.req.query, filters).flatMap((props) => {
    const resource = resourceOf.get(props);
    return resource === undefined ? [] : [{ ...item(resource), ...present(props, names) }];
  });
}

/** The value of a `properties` or `additional-properties` parameter. */
function splitNames(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).filter((name) => name !== '');
}

/** The named properties; 400.14 for a name that the resource does not have. */
function pick(props: Readonly<Props>, names: readonly string[]): Props {
  const unknown = names.find((name) => !Object.hasOwn(props, name));
  if (unknown !== undefined) refuseProperty(unknown);
  return present(props, names);
}

/** Those of the named properties that the resource has: one of the data model may be absent from a single resource. */
function present(props: Readonly<Props>, names: readonly string[]): Props {
  return Object.fromEntries(Object.entries(props).filter(([name]) => names.includes(name)));
}

function refuseProperty(name: string): never {
  return refuse('queryValueInvalid', `there is no property '${name}'`);
}

function checkCachedAcceptable(query: URLSearchParams): void {
  const wrong = query.getAll('cached-acceptable').find((value) => value !== 'true' && value !== 'false');
  if (wrong !== undefined) refuse('queryValueInvalid', `'${wrong}' is no value of 'cached-acceptable'`);
}

/**
 * A GET with `properties`: the oldest HMCs ignore the parameter, later ones refuse it (400.1), and from 2.16 on it works. Where the border
 * between the last two lies is not public for each class of resource (inferred).
 */
export function getProperties(call: Call, view: Props, ...alsoAllowed: readonly string[]): Props {
  const { level } = call.context.hmc;
  const isKnown = level >= 16 || level < 14;
  call.allowQuery(...alsoAllowed, ...(isKnown ? ['properties'] : []));
  checkCachedAcceptable(call.req.query);
  const names = splitNames(call.req.query.getAll('properties'));
  return names.length === 0 || level < 14 ? view : pick(view, names);
}
