import type { HmcContext } from '../context.ts';
import { isTrue, textOf, textsOf, type Props } from '../model/json.ts';
import type { Resource, ResourceClass } from '../model/model.ts';
import { hbaRules, nicRules } from '../rules/element-rules.ts';
import { partitionRules } from '../rules/partition-rules.ts';
import { initialValues, rulesAt, type PropertyRules } from '../rules/property-rule.ts';
import { profileOfLevel, servedFirmware, type MockDefinition } from './definition.ts';
import { fcpCapacity, fcpMaximum } from '../inventory/adapters.ts';
import { consoleDefaults } from '../inventory/machine.ts';
import { finishLoading } from './finish.ts';
import { levelOfVersion, machineProfiles } from '../machines.ts';

type CpcDefinition = MockDefinition['cpcs'][number];

/** Fills the model with what a zhmcclient mock definition says. Ids stay as they are; what it leaves out gets the defaults of new resources. */
export function loadMock(context: HmcContext, definition: MockDefinition, fabrics: readonly string[]): void {
  const console = definition.consoles[0];
  const { name } = context.hmc;
  const fixed = { 'object-uri': '/api/console' };
  context.model.add('console', null, { ...consoleDefaults(name), name, ...console?.properties, ...fixed });
  for (const cpc of definition.cpcs) loadCpc(context, cpc);
  for (const group of console?.storage_groups ?? []) loadStorageGroup(context, group);
  finishLoading(context, fabrics);
}

function loadCpc(context: HmcContext, definition: CpcDefinition): void {
  const { properties } = definition;
  const isDpm = isTrue(properties, 'dpm-enabled');
  const status = isDpm ? 'active' : 'operating';
  const defaults = {
    'dpm-enabled': false,
    status,
    'acceptable-status': [status],
    'se-version': versionOf(context, properties),
  };
  const cpc = addObject(context, 'cpc', null, 'cpcs', { ...defaults, ...properties });
  const profile = profileOfLevel(levelOfVersion(textOf(cpc.props, 'se-version')));
  cpc.props['processor-count-ifl'] ??= context.options.cpcIfls ?? profile.ifls;
  cpc.props['storage-customer'] ??= context.options.cpcMemoryMib ?? profile.customerMemoryMib;
  const firmware = cpc.props['available-features-list'];
  if (firmware !== undefined) cpc.props['available-features-list'] = servedFirmware(firmware);
  const features = profile.apiFeatures;
  if (features !== undefined) context.cpcApiFeatures.set(cpc.uri, features);
  for (const adapter of definition.adapters) loadAdapter(context, cpc, adapter);
  for (const each of definition.virtual_switches)
    addObject(context, 'virtual-switch', cpc, 'virtual-switches', each.properties);
  for (const each of definition.lpars)
    addObject(context, 'logical-partition', cpc, 'logical-partitions', each.properties);
  for (const each of definition.capacity_groups)
    addElement(context, 'capacity-group', cpc, 'capacity-groups', each.properties);
  for (const partition of definition.partitions) loadPartition(context, cpc, partition);
}

/** A CPC without `se-version` has the one of its machine type, or of its HMC. */
function versionOf(context: HmcContext, properties: Readonly<Props>): string {
  const type = textOf(properties, 'machine-type');
  const profile = Object.values(machineProfiles).find(({ machineType }) => machineType === type);
  return profile?.version ?? context.hmc.version;
}

/** Types of adapters where the family has one only, as zhmcclient's mock fills them in. */
const typeOfFamily: Readonly<Record<string, string>> = {
  osa: 'osd',
  ficon: 'fcp',
  hipersockets: 'hipersockets',
  roce: 'roce',
  crypto: 'crypto',
  accelerator: 'zedc',
};

function loadAdapter(context: HmcContext, cpc: Resource, definition: CpcDefinition['adapters'][number]): void {
  const { properties, ports } = definition;
  const family = textOf(properties, 'adapter-family') || familyOfType(textOf(properties, 'type'));
  const defaults = {
    description: '',
    status: 'active',
    state: 'online',
    'adapter-family': family,
    type: typeOfFamily[family] ?? family,
  };
  const adapter = addObject(context, 'adapter', cpc, 'adapters', { ...defaults, ...properties });
  if (adapter.props.type === 'fcp') {
    adapter.props['allowed-capacity'] ??= fcpCapacity(context);
    adapter.props['maximum-total-capacity'] ??= fcpMaximum;
  }
  const kind = family === 'ficon' ? 'storage' : 'network';
  ports.forEach((port, index) => {
    const props = { 'element-id': String(index), index, name: `Port ${index}`, description: '', ...port.properties };
    addElement(context, `${kind}-port`, adapter, `${kind}-ports`, kind === 'storage' ? numbered(props, index) : props);
  });
}

/**
 * An HMC numbers its storage ports, and the clients count on it. Definitions of zhmcclient call them `port0` where they
 * make them, and 0 where they refer to them.
 */
function numbered(props: Props, index: number): Props {
  const id = textOf(props, 'element-id');
  return { ...props, 'element-id': /^\d+$/u.test(id) ? id : String(index) };
}

function familyOfType(type: string): string {
  if (type === 'fcp' || type === 'fc' || type === 'not-configured') return 'ficon';
  return Object.entries(typeOfFamily).find(([, each]) => each === type)?.[0] ?? type;
}

function loadPartition(context: HmcContext, cpc: Resource, definition: CpcDefinition['partitions'][number]): void {
  const { properties, nics, hbas, virtual_functions: functions } = definition;
  const rules = rulesAt(partitionRules, context.levelOf(cpc));
  const defaults = { ...initialValues(rules), 'short-name': '', status: 'stopped', 'degraded-adapters': [] };
  const partition = addObject(context, 'partition', cpc, 'partitions', { ...defaults, ...properties });
  for (const nic of nics) addWithDefaults(context, 'nic', partition, nicRules, nic.properties);
  for (const hba of hbas) addWithDefaults(context, 'hba', partition, hbaRules, hba.properties);
  for (const each of functions)
    addElement(context, 'virtual-function', partition, 'virtual-functions', each.properties);
}

function addWithDefaults(
  context: HmcContext,
  kind: 'nic' | 'hba',
  partition: Resource,
  rules: PropertyRules,
  properties: Props,
): void {
  const defaults = initialValues(rulesAt(rules, context.levelOf(partition)));
  addElement(context, kind, partition, `${kind}s`, { ...defaults, ...properties });
}

type GroupDefinition = MockDefinition['consoles'][number]['storage_groups'][number];

/** A group is attached to the partitions that its virtual storage resources name. */
function loadStorageGroup(context: HmcContext, definition: GroupDefinition): void {
  const { model } = context;
  const cpc = model.all('cpc').find(({ props }) => isTrue(props, 'dpm-enabled')) ?? model.all('cpc')[0];
  const defaults = {
    description: '',
    type: 'fcp',
    shared: false,
    'fulfillment-state': 'pending',
    'cpc-uri': cpc?.uri ?? null,
  };
  const console = model.all('console')[0] ?? null;
  const group = addObject(context, 'storage-group', console, 'storage-groups', {
    ...defaults,
    ...definition.properties,
  });
  for (const each of definition.storage_volumes)
    addElement(context, 'storage-volume', group, 'storage-volumes', each.properties);
  for (const each of definition.virtual_storage_resources) {
    const { props } = addElement(
      context,
      'virtual-storage-resource',
      group,
      'virtual-storage-resources',
      each.properties,
    );
    const partition = model.find('partition', textOf(props, 'partition-uri'));
    if (partition === undefined) continue;
    const uris = new Set([...textsOf(partition.props, 'storage-group-uris'), group.uri]);
    partition.props['storage-group-uris'] = [...uris];
  }
}

function addObject(
  context: HmcContext,
  kind: ResourceClass,
  parent: Resource | null,
  collection: string,
  props: Readonly<Props>,
): Resource {
  const id = textOf(props, 'object-id') || context.ids.next();
  const identity = { 'object-id': id, 'object-uri': `/api/${collection}/${id}` };
  return context.model.add(kind, parent?.uri ?? null, { ...props, ...identity });
}

function addElement(
  context: HmcContext,
  kind: ResourceClass,
  parent: Resource,
  collection: string,
  props: Readonly<Props>,
): Resource {
  const id = textOf(props, 'element-id') || context.ids.next();
  const identity = { 'element-id': id, 'element-uri': `${parent.uri}/${collection}/${id}` };
  return context.model.add(kind, parent.uri, { ...props, ...identity });
}
