import type { HmcContext } from '../context.ts';
import type { Resource } from '../model/model.ts';
import { freeShortName } from '../routes/partitions.ts';
import { partitionRules } from '../rules/partition-rules.ts';
import { initialValues, rulesAt } from '../rules/property-rule.ts';

/**
 * A partition of another owner that exists from the start. It has no storage.
 * @public
 */
export interface PreparedPartition {
  readonly name: string;
  readonly description?: string;
  /** Shared IFL processors; default 1. */
  readonly vcpus?: number;
  /** Default 4096. */
  readonly memoryMib?: number;
  /** Whether it runs and uses its processors and memory; default true. */
  readonly running?: boolean;
}

/**
 * Makes a partition without a request.
 * @throws Error when the name is taken
 */
export function preparePartition(context: HmcContext, cpc: Resource, wanted: PreparedPartition): void {
  const { name, description = '', vcpus = 1, memoryMib = 4096, running = true } = wanted;
  const { model } = context;
  if (model.childrenOf(cpc, 'partition').some(({ props }) => props.name === name)) {
    throw new Error(`there are two partitions with the name "${name}"`);
  }
  const increment = context.options.memoryIncrementMib ?? 512;
  const memory = Math.ceil(memoryMib / increment) * increment;
  const id = context.ids.next();
  model.add('partition', cpc.uri, {
    ...initialValues(rulesAt(partitionRules, context.levelOf(cpc))),
    'short-name': freeShortName(context, cpc, name),
    name,
    description,
    type: 'linux',
    'ifl-processors': vcpus,
    'processor-mode': 'shared',
    'initial-memory': memory,
    'maximum-memory': memory,
    'object-id': id,
    'object-uri': `/api/partitions/${id}`,
    status: running ? 'active' : 'stopped',
    'degraded-adapters': [],
  });
}
