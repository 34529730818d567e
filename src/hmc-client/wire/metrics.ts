import { z } from 'zod';
import { uri } from './common.ts';

/** The media type of the only answer that is not JSON. Source: IBM WS API, Get Metrics, 3932-AGL. */
export const METRICS_TYPE = 'application/vnd.ibm-z-zmanager-metrics';

const metricInfo = z.looseObject({ 'metric-name': z.string(), 'metric-type': z.string() });

/** Answer of Create Metrics Context: the URI, and by group the metrics of a row in their order. */
export const metricsContextAnswer = z
  .looseObject({
    'metrics-context-uri': uri,
    'metric-group-infos': z.array(z.looseObject({ 'group-name': z.string(), 'metric-infos': z.array(metricInfo) })),
  })
  .transform((wire) => ({
    uri: wire['metrics-context-uri'],
    groups: new Map(
      wire['metric-group-infos'].map((group) => [
        group['group-name'],
        group['metric-infos'].map((info) => ({ name: info['metric-name'], type: info['metric-type'] })),
      ]),
    ),
  }));

export type MetricsContext = z.output<typeof metricsContextAnswer>;

/** A value of a metric. A long beyond 2^53 loses its last digits. @public */
export type MetricValue = boolean | number | string;

/** One row of values of one object, for example of one port of an adapter. @public */
export interface MetricRow {
  readonly group: string;
  /** URI of the object. */
  readonly uri: string;
  /** When the HMC collected the values; null if the HMC sent a time that no clock has. */
  readonly at: Date | null;
  /** By the name of the metric. */
  readonly values: Readonly<Record<string, MetricValue>>;
}

/** Thrown for text that is not in the form of Get Metrics. */
export class MetricsSyntaxError extends Error {
  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
  }
}

/**
 * Reads the answer of Get Metrics: by group its name, by object its URI, the time and one or more rows, then an empty line.
 * An empty line ends a group, and another one the answer.
 *
 * @throws MetricsSyntaxError with the number of the line
 * @remarks Source: IBM WS API, Get Metrics, 3932-AGL; python-zhmcclient _metrics.py, which knows of times in the far future.
 */
export function parseMetrics(text: string, groups: MetricsContext['groups']): readonly MetricRow[] {
  const lines = text.split('\n');
  let at = 0;
  const peek = () => lines[at] ?? '';
  const next = () => {
    const line = lines[at];
    if (line === undefined) throw new MetricsSyntaxError(at + 1, 'the text ends in the middle of a group');
    at += 1;
    return line;
  };
  const rows: MetricRow[] = [];
  while (peek() !== '') {
    const group = unquoted(next(), at);
    const metrics = groups.get(group);
    if (metrics === undefined) throw new MetricsSyntaxError(at, `the group "${group}" was not announced`);
    while (peek() !== '') {
      const uriLine = unquoted(next(), at);
      const time = timeOf(next(), at);
      while (peek() !== '')
        rows.push({ group, uri: uriLine, at: time, values: Object.fromEntries(valuesOf(next(), metrics, at)) });
      next(); // the end of the object
    }
    next(); // the end of the group
  }
  if (lines.slice(at).some((line) => line !== '')) throw new MetricsSyntaxError(at + 1, 'text after the end');
  if (!text.endsWith('\n')) throw new MetricsSyntaxError(lines.length, 'the text does not end with a line feed');
  return rows;
}

function valuesOf(line: string, metrics: readonly { name: string; type: string }[], number: number) {
  const fields = line.match(/"(?:[^"\\]|\\.)*"|[^,"]+|(?<=,)(?=,|$)|^(?=,)/g) ?? [];
  if (fields.length !== metrics.length)
    throw new MetricsSyntaxError(number, `expected ${metrics.length} values instead of ${fields.length}`);
  return metrics.map(({ name, type }, index) => [name, valueOf(fields[index] ?? '', name, type, number)] as const);
}

function valueOf(field: string, name: string, type: string, line: number): MetricValue {
  if (type === 'string-metric') return unquoted(field, line);
  if (type === 'boolean-metric' && (field === 'true' || field === 'false')) return field === 'true';
  const value = Number(field);
  if (type === 'boolean-metric' || field.trim() === '' || !Number.isFinite(value))
    throw new MetricsSyntaxError(line, `"${field}" is no ${type} (${name})`);
  return value;
}

function unquoted(text: string, line: number): string {
  const inner = /^"((?:[^"\\]|\\.)*)"$/.exec(text)?.[1];
  if (inner === undefined) throw new MetricsSyntaxError(line, 'expected a text in quotes');
  return inner.replaceAll(/\\(.)/g, '$1');
}

function timeOf(text: string, line: number): Date | null {
  if (!/^\d{1,19}$/.test(text)) throw new MetricsSyntaxError(line, 'expected a time in milliseconds');
  const date = new Date(Number(text));
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 ? null : date;
}
