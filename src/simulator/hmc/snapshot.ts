import type { HmcContext } from './context.ts';
import { sorted, textOf, type Props } from './model/json.ts';
import type { ResourceClass } from './model/model.ts';
import { viewOf } from './routes/services.ts';

/** Resources that a snapshot compares: what a driver makes and changes. */
const classes = [
  'adapter',
  'cpc',
  'hba',
  'nic',
  'partition',
  'storage-group',
  'storage-volume',
  'virtual-function',
  'virtual-storage-resource',
] as const satisfies readonly ResourceClass[];

/**
 * The state of the machine as plain JSON without times, in a fixed order: equal states give equal snapshots.
 * @public
 */
export type HmcSnapshot = Readonly<Record<(typeof classes)[number], readonly Props[]>>;

/** Takes a snapshot. Sessions and jobs are not in it: they are no state of the machine. */
export function takeSnapshot(context: HmcContext): HmcSnapshot {
  const entries = classes.map((kind) => [
    kind,
    context.model.all(kind).map((resource) => sorted(viewOf(context, resource))),
  ]);
  const byUri = (a: Props, b: Props): number => (uriOf(a) < uriOf(b) ? -1 : 1);
  // Each entry was made of one of the classes and an array of objects.
  const snapshot = Object.fromEntries(entries) as Record<(typeof classes)[number], Props[]>;
  for (const list of Object.values(snapshot)) list.sort(byUri);
  return structuredClone(snapshot);
}

function uriOf(props: Props): string {
  return textOf(props, 'element-uri') || textOf(props, 'object-uri');
}
