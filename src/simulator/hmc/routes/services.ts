import type { SimResponse, SubRequest } from '../../server/index.ts';
import { ok, type Call, type HmcRoute } from '../call.ts';
import type { HmcContext } from '../context.ts';
import { numberOf, objectsOf, textOf, textsOf, type Json, type Props } from '../model/json.ts';
import type { Resource, ResourceClass } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { checkBody, type PropertyRules } from '../rules/property-rule.ts';
import { adapterView, storagePortView } from '../views/adapter-view.ts';
import { cpcView } from '../views/cpc-view.ts';
import { partitionView } from '../views/partition-view.ts';
import { storageGroupView, storageVolumeView, virtualStorageResourceView } from '../storage/group-view.ts';

/** Services that work on many resources at once. */
export const serviceRoutes: readonly HmcRoute[] = [
  {
    method: 'POST',
    path: '/api/services/aggregation/submit',
    operation: 'Submit Requests',
    handle: submitRequests,
  },
  { method: 'POST', path: '/api/services/inventory', operation: 'Get Inventory', handle: getInventory },
];

// Limits: topic "Submit Requests" of the WS API book.
const maxBodyBytes = 256_000;
const maxThreads = 10;

const submitRules: PropertyRules = {
  requests: { type: 'objects', create: 'required' },
  threads: { type: 'integer', create: true, min: 1, max: maxThreads },
  'req-headers': { type: 'objects', create: true },
  'resp-headers': { type: 'strings', create: true },
};

const entryRules: PropertyRules = {
  method: { type: 'string', create: 'required', values: ['GET', 'POST', 'DELETE'] },
  uri: { type: 'string', create: 'required' },
  id: { type: 'string', create: true },
  body: { type: 'object', create: true },
  'req-headers': { type: 'objects', create: true },
  'resp-headers': { type: 'strings', create: true },
};

/** Serves each entry as a request of its own, several at once; results come in the order in which they are ready. */
async function submitRequests(call: Call): Promise<SimResponse> {
  const body = call.body();
  if (call.req.rawBody.length > maxBodyBytes) refuse('bodyTooLarge', `the body has more than ${maxBodyBytes} bytes`);
  checkBody(submitRules, body, 'create');
  const entries = objectsOf(body, 'requests');
  for (const entry of entries) checkEntry(entry);
  const results: Props[] = [];
  const queue = entries.map((entry) => ({ entry, sub: subRequest(call, body, entry) }));
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      results.push(await serveEntry(call, next.entry, next.sub));
    }
  };
  await Promise.all(Array.from({ length: numberOf(body, 'threads') || 1 }, work));
  return ok(results);
}

function checkEntry(entry: Props): void {
  checkBody(entryRules, entry, 'create');
  if (!textOf(entry, 'uri').startsWith('/api/')) refuse('fieldInvalid', "the value of 'uri' must begin with /api/");
}

/** Headers of the outer request hold for the entries, unless they say otherwise; one without value is taken away. */
function subRequest(call: Call, outer: Props, entry: Props): SubRequest {
  const headers = new Map(Object.entries(call.req.headers));
  for (const header of [...objectsOf(outer, 'req-headers'), ...objectsOf(entry, 'req-headers')]) {
    const name = textOf(header, 'name').toLowerCase();
    if (name === '' || name === 'content-type' || name === 'accept')
      refuse('fieldInvalid', `the header '${name}' may not be given`);
    if (header.value === undefined) headers.delete(name);
    else if (typeof header.value === 'string') headers.set(name, header.value);
    else refuse('fieldInvalid', "the value of 'value' must be a string");
  }
  return {
    method: textOf(entry, 'method'),
    uri: textOf(entry, 'uri'),
    headers: Object.fromEntries(headers),
    body: entry.body,
  };
}

async function serveEntry({ req }: Call, entry: Props, sub: SubRequest): Promise<Props> {
  const isNested = sub.uri.startsWith('/api/services/aggregation/');
  const response = isNested || req.aggregate === undefined ? nestedRefusal : await req.aggregate(sub);
  const wanted = textsOf(entry, 'resp-headers').map((name) => name.toLowerCase());
  const headers = Object.entries(response.headers ?? {}).filter(([name]) => wanted.includes(name));
  const result: Props = { status: response.status, headers: headers.map(([name, value]) => ({ name, value })) };
  if (entry.id !== undefined) result.id = entry.id;
  // Bodies of the simulator's own answers are JSON by construction.
  if (response.body !== undefined) result.body = JSON.parse(JSON.stringify(response.body)) as Json;
  if (response.raw !== undefined) result.body = response.raw.data.toString();
  return result;
}

/** An aggregated request inside another is not served (inferred). */
const nestedRefusal: SimResponse = {
  status: 404,
  body: { 'http-status': 404, reason: 1, message: 'an aggregated request cannot contain another' },
};

const categories: Readonly<Record<string, readonly ResourceClass[]>> = {
  'dpm-resources': [
    'adapter',
    'partition',
    'virtual-switch',
    'storage-group',
    'storage-template',
    'storage-site',
    'storage-fabric',
    'storage-switch',
    'storage-subsystem',
    'storage-control-unit',
  ],
  'core-resources': ['cpc', 'logical-partition'],
  'console-resources': ['console'],
};

const everything = Object.values(categories).flat();

function getInventory(call: Call): SimResponse {
  const body = call.optionalBody() ?? {};
  checkBody({ resources: { type: 'strings', create: true } }, body, 'create');
  const wanted =
    body.resources === undefined ? everything : textsOf(body, 'resources').flatMap((name) => classesOf(name));
  const { context } = call;
  const objects = wanted.flatMap((kind) => context.model.all(kind)).filter((object) => call.canSee(object));
  const inventory = objects.flatMap((object) =>
    withElements(context, object).map((resource) => viewOf(context, resource)),
  );
  return ok(inventory);
}

function classesOf(name: string): readonly ResourceClass[] {
  const kind = everything.find((each) => each === name);
  if (kind !== undefined) return [kind];
  const category = Object.hasOwn(categories, name) ? categories[name] : undefined;
  return category ?? refuse('fieldInvalid', `there is no class '${name}'`);
}

/** An object with its elements; objects that only belong to a CPC or to the console are no elements of it. */
function withElements({ model }: HmcContext, object: Resource): Resource[] {
  return object.class === 'cpc' || object.class === 'console' ? [object] : [object, ...model.childrenOf(object)];
}

/** All properties of any resource. */
export function viewOf(context: HmcContext, resource: Resource): Props {
  switch (resource.class) {
    case 'partition':
      return partitionView(context, resource);
    case 'adapter':
      return adapterView(context, resource);
    case 'storage-port':
      return storagePortView(context, resource);
    case 'cpc':
      return cpcView(context, resource);
    case 'storage-group':
      return storageGroupView(context, resource);
    case 'storage-volume':
      return storageVolumeView(context, resource);
    case 'virtual-storage-resource':
      return virtualStorageResourceView(context, resource);
    default:
      return resource.props;
  }
}
