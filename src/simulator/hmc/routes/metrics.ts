import type { SimResponse } from '../../server/index.ts';
import { created, done, type Call, type HmcRoute } from '../call.ts';
import { isMetricGroup, metricGroups, metricsAt, type MetricGroupName, type MetricType } from '../metrics/groups.ts';
import { collectedAt, valuesOf, type MetricValue } from '../metrics/values.ts';
import { textsOf } from '../model/json.ts';
import { refuse } from '../model/refusal.ts';
import { checkBody, type PropertyRules } from '../rules/property-rule.ts';

// Sources: IBM WS API, Metrics service operations summary (Z16M-A01), Create Metrics Context (3932-AGZ), Get Metrics (3932-AGL),
// Delete Metrics Context (3932-LA2).

const contexts = '/api/services/metrics/context';

/** The metrics service: the only operations whose answers are not JSON. */
export const metricsRoutes: readonly HmcRoute[] = [
  { method: 'POST', path: contexts, operation: 'Create Metrics Context', handle: createContext },
  { method: 'GET', path: `${contexts}/:id`, operation: 'Get Metrics', handle: getMetrics },
  { method: 'DELETE', path: `${contexts}/:id`, operation: 'Delete Metrics Context', handle: deleteContext },
];

/** The type of the answer of Get Metrics. */
export const metricsType = 'application/vnd.ibm-z-zmanager-metrics';

const contextRules: PropertyRules = {
  'anticipated-frequency-seconds': { type: 'integer', create: 'required', min: 15 },
  'metric-groups': { type: 'strings', create: true },
};

/** Names in `metric-groups` are a filter: one that no group has is no error. An empty array is no filter. */
function createContext(call: Call): SimResponse {
  call.allowQuery();
  const body = call.body();
  checkBody(contextRules, body, 'create');
  const wanted = textsOf(body, 'metric-groups');
  const all = Object.keys(metricGroups).filter(isMetricGroup);
  const groups = wanted.length === 0 ? all : all.filter((group) => wanted.includes(group));
  const { metricsContexts } = call.session;
  const id = String(metricsContexts.size + 1);
  metricsContexts.set(id, { groups, isValid: true });
  const uri = `${contexts}/${id}`;
  return created(uri, {
    'metrics-context-uri': uri,
    'metric-group-infos': groups.map((group) => ({
      'group-name': group,
      'metric-infos': metricsAt(group, call.context.hmc.level).map(({ name, type }) => ({
        'metric-name': name,
        'metric-type': type,
      })),
    })),
  });
}

function getMetrics(call: Call): SimResponse {
  call.allowQuery();
  const { groups } = contextOf(call);
  const data = `${groups.map((group) => `${groupText(call, group)}\n`).join('')}\n`;
  return { status: 200, raw: { contentType: `${metricsType};charset=UTF-8`, data } };
}

function deleteContext(call: Call): SimResponse {
  call.allowQuery();
  contextOf(call).isValid = false;
  return done;
}

/** 404.1 for an unknown context or one of another session, 409.1 for one that has been deleted. */
function contextOf({ session, req }: Call) {
  const id = req.params.id ?? '';
  const found = session.metricsContexts.get(id);
  if (found === undefined) return refuse('notFound', `the session has no metrics context ${id}`);
  if (!found.isValid) refuse('metricsContextInvalid', `the metrics context ${id} has been deleted`);
  return found;
}

/** The name of the group, then the values of each object that the user may see, each with an empty line after it. */
function groupText(call: Call, group: MetricGroupName): string {
  const { context } = call;
  const metrics = metricsAt(group, context.hmc.level);
  const objects = valuesOf(context, group).filter(({ object }) => call.canSee(object));
  const blocks = objects.map(({ object, rows }) =>
    [
      quoted(object.uri),
      String(collectedAt(context)),
      ...rows.map((row) => metrics.map(({ name, type }) => written(row[name] ?? '', type)).join(',')),
      '',
      '',
    ].join('\n'),
  );
  return `${quoted(group)}\n${blocks.join('')}`;
}

function written(value: MetricValue, type: MetricType): string {
  if (type === 'string-metric') return quoted(String(value));
  return type === 'double-metric' ? Number(value).toFixed(1) : String(value);
}

function quoted(text: string): string {
  return `"${text}"`;
}
