import type { HmcContext } from '../context.ts';
import { textOf, type Props } from '../model/json.ts';
import type { Resource, ResourceClass } from '../model/model.ts';
import { profileOfLevel, type DpmExport } from './definition.ts';
import { consoleDefaults } from '../inventory/machine.ts';
import { finishLoading } from './finish.ts';

/** Arrays of an export by the class of their members, owners before what they own. */
const arrays: readonly (readonly [key: string, kind: ResourceClass])[] = [
  ['adapters', 'adapter'],
  ['network-ports', 'network-port'],
  ['storage-ports', 'storage-port'],
  ['virtual-switches', 'virtual-switch'],
  ['partitions', 'partition'],
  ['nics', 'nic'],
  ['hbas', 'hba'],
  ['virtual-functions', 'virtual-function'],
  ['capacity-groups', 'capacity-group'],
  ['storage-sites', 'storage-site'],
  ['storage-fabrics', 'storage-fabric'],
  ['storage-switches', 'storage-switch'],
  ['storage-subsystems', 'storage-subsystem'],
  ['storage-control-units', 'storage-control-unit'],
  ['storage-paths', 'storage-path'],
  ['storage-groups', 'storage-group'],
  ['storage-volumes', 'storage-volume'],
  ['virtual-storage-resources', 'virtual-storage-resource'],
  ['storage-templates', 'storage-template'],
];

/**
 * Fills the model with a DPM export. It holds what can be imported, which leaves out the CPC's own size: processors and memory are those of
 * the simulator's machine of the same generation.
 */
export function loadExport(context: HmcContext, content: DpmExport, fabrics: readonly string[]): void {
  const { name } = context.hmc;
  context.model.add('console', null, { ...consoleDefaults(name), name, version: content.version });
  const cpc = addCpc(context, content);
  for (const [key, kind] of arrays) {
    for (const props of content.resources[key] ?? [])
      context.model.add(kind, textOf(props, 'parent') || cpc.uri, props);
  }
  finishLoading(context, fabrics);
}

function addCpc(
  context: HmcContext,
  { cpc: properties, resources, version, features, apiFeatures }: DpmExport,
): Resource {
  const profile = profileOfLevel(context.hmc.level);
  const uri =
    textOf(resources.adapters?.[0] ?? resources.partitions?.[0] ?? {}, 'parent') || `/api/cpcs/${context.ids.next()}`;
  const props: Props = {
    'object-id': uri.split('/').at(-1) ?? '',
    'object-uri': uri,
    name: textOf(resources.partitions?.[0] ?? {}, 'cpc-name') || (context.options.cpcName ?? 'CPC1'),
    status: 'active',
    'acceptable-status': ['active'],
    'dpm-enabled': true,
    'iml-mode': 'dpm',
    'se-version': version,
    'machine-type': profile.machineType,
    'machine-model': profile.machineModel,
    'processor-count-ifl': context.options.cpcIfls ?? profile.ifls,
    'processor-count-general-purpose': profile.generalPurpose,
    'storage-customer': context.options.cpcMemoryMib ?? profile.customerMemoryMib,
    'maximum-partitions': profile.maximumPartitions,
    'available-features-list': features,
    ...properties,
  };
  const cpc = context.model.add('cpc', null, props);
  if (apiFeatures !== undefined) context.cpcApiFeatures.set(cpc.uri, apiFeatures);
  return cpc;
}
