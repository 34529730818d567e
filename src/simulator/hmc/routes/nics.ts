import type { SimResponse } from '../../server/index.ts';
import { created, done, ok, type Call, type HmcRoute } from '../call.ts';
import type { HmcContext } from '../context.ts';
import { addNic, nicDeviceNumber } from '../links/new-nic.ts';
import { textOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { nicRules } from '../rules/element-rules.ts';
import { adapterUse, networkPortOf } from '../views/adapter-view.ts';
import { checkBody, rulesAt } from '../rules/property-rule.ts';
import { needSettled } from './partitions.ts';
import { refuseTaken, updateBody } from './update.ts';

const nics = '/api/partitions/:id/nics';
const nic = `${nics}/:element`;

/** Operations on NICs. */
export const nicRoutes: readonly HmcRoute[] = [
  { method: 'POST', path: nics, operation: 'Create NIC', handle: createNic },
  {
    method: 'GET',
    path: nic,
    operation: 'Get NIC Properties',
    handle: (call) => {
      call.allowQuery();
      return ok(call.element('nic').props);
    },
  },
  { method: 'POST', path: nic, operation: 'Update NIC Properties', handle: updateNic },
  { method: 'DELETE', path: nic, operation: 'Delete NIC', handle: deleteNic },
];

function createNic(call: Call): SimResponse {
  const partition = call.object('partition');
  const { context } = call;
  call.need('Partition Details');
  const body = call.body();
  checkBody(rulesAt(nicRules, context.levelOf(partition)), body, 'create');
  const type = checkNic(call, partition, body);
  refuseTakenValues(context, partition, body);
  nicDeviceNumber(context, partition, { ...body, type });
  call.needUsableCpc(partition);
  needSettled(partition);
  refuseFull(call, body);
  const { uri } = addNic(context, partition, body, type);
  return created(uri, { 'element-uri': uri });
}

/** What the fields have to do with each other; gives the type that follows from what backs the NIC. */
function checkNic(call: Call, partition: Resource, props: Readonly<Props>): string {
  const level = call.context.levelOf(partition);
  const bySwitch = textOf(props, 'virtual-switch-uri');
  const byPort = textOf(props, 'network-adapter-port-uri');
  if ((bySwitch === '') === (byPort === '')) {
    refuse('fieldMissing', "exactly one of 'virtual-switch-uri' and 'network-adapter-port-uri' is required");
  }
  if (level >= 14 && (typeof props['vlan-id'] === 'number') !== (props['vlan-type'] === 'enforced')) {
    refuse('contradiction', "'vlan-id' and 'vlan-type' go together");
  }
  if (props['ssc-management-nic'] === true && partition.props.type !== 'ssc') {
    refuse('contradiction', "'ssc-management-nic' is for partitions of type ssc");
  }
  const cpc = call.context.cpcOf(partition);
  return byPort === '' ? typeOfSwitch(call, cpc, bySwitch) : typeOfPort(call, cpc, byPort, textOf(props, 'type'));
}

/** The backing has to be one of the CPC that the user may see (python-zhmcclient _nic.py): else it does not exist for him. */
function backingOf(call: Call, cpc: Resource, kind: 'adapter' | 'virtual-switch', uri: string): Resource {
  const backing = call.context.model.find(kind, uri);
  if (backing?.parent === cpc.uri && call.canSee(backing)) return backing;
  return refuse('referenceNotFound', `there is no ${kind} at ${uri}`);
}

function typeOfSwitch(call: Call, cpc: Resource, uri: string): string {
  const virtualSwitch = backingOf(call, cpc, 'virtual-switch', uri);
  backingOf(call, cpc, 'adapter', textOf(virtualSwitch.props, 'backing-adapter-uri'));
  return virtualSwitch.props.type === 'hipersockets' ? 'iqd' : 'osd';
}

/** Types of NICs by the family of their adapter; the first is what a NIC gets that asks for none (inferred). Source: zhmccli test_nic.py. */
const typesOfFamily: Readonly<Record<string, readonly string[]>> = {
  osa: ['osd'],
  hipersockets: ['iqd'],
  roce: ['roce'],
  cna: ['cna'],
  'network-express': ['osh', 'neth'],
  networking: ['netd'],
};

/** Before z17 only adapters without virtual switches are named by their ports. */
function typeOfPort(call: Call, cpc: Resource, uri: string, wanted: string): string {
  const adapter = backingOf(call, cpc, 'adapter', uri.split('/network-ports/')[0] ?? '');
  if (call.context.model.find('network-port', uri) === undefined)
    refuse('elementReferenceNotFound', `no port at ${uri}`);
  const family = textOf(adapter.props, 'adapter-family');
  const hasSwitches = family === 'osa' || family === 'hipersockets';
  if (hasSwitches && call.context.levelOf(cpc) < 17)
    refuse('contradiction', `a NIC of family ${family} is backed by a virtual switch`);
  const types = typesOfFamily[family] ?? [];
  const type = wanted === '' ? types[0] : wanted;
  if (type !== undefined && types.includes(type)) return type;
  return refuse('contradiction', `an adapter of family ${family} backs no NIC of type '${wanted}'`);
}

/** MAC addresses are unique on the CPC, names in the partition. */
function refuseTakenValues({ model }: HmcContext, partition: Resource, body: Readonly<Props>, self?: Resource): void {
  const others = model.childrenOf(partition, 'nic').filter((other) => other !== self);
  refuseTaken('name', body.name, others);
  refuseTaken(
    'mac-address',
    body['mac-address'],
    model.all('nic').filter((other) => other !== self),
  );
}

/** Refuses a NIC if the adapter has reached its allowed capacity. */
function refuseFull({ context }: Call, nic: Readonly<Props>): void {
  const adapter = context.model.find('adapter', networkPortOf(context, nic).split('/network-ports/')[0] ?? '');
  const allowed = adapter?.props['allowed-capacity'];
  if (adapter === undefined || typeof allowed !== 'number') return;
  if (adapterUse(context, adapter).configured < allowed) return;
  refuse('adapterCapacityExhausted', `adapter ${textOf(adapter.props, 'name')} has its ${allowed} virtual connections`);
}

function updateNic(call: Call): SimResponse {
  const element = call.element('nic');
  const partition = partitionOf(call, element);
  const { context } = call;
  call.need('Partition Details');
  const body = updateBody(call, element, nicRules);
  const merged: Props = { ...withoutOtherBacking(element.props, body), ...body };
  const type = checkNic(call, partition, merged);
  refuseTakenValues(context, partition, body, element);
  const deviceNumber = nicDeviceNumber(context, partition, { ...merged, type }, element);
  call.needUsableCpc(partition);
  needSettled(partition);
  if (merged['virtual-switch-uri'] === undefined) delete element.props['virtual-switch-uri'];
  if (merged['network-adapter-port-uri'] === undefined) delete element.props['network-adapter-port-uri'];
  Object.assign(element.props, merged, { type, 'device-number': deviceNumber });
  return done;
}

/** What can back a NIC. It shows the one that it has, and not the other (IBM WS API, Data model - NIC element object, Z16M-A01). */
const backings = ['virtual-switch-uri', 'network-adapter-port-uri'];

/** A NIC that moves from a virtual switch to a port, or back, loses the other; its type follows. */
function withoutOtherBacking(props: Readonly<Props>, body: Readonly<Props>): Props {
  const moves = backings.some((backing) => body[backing] !== undefined);
  const lost = moves ? [...backings, 'type'] : [];
  return Object.fromEntries(Object.entries(props).filter(([name]) => !lost.includes(name)));
}

function deleteNic(call: Call): SimResponse {
  const element = call.element('nic');
  const partition = partitionOf(call, element);
  call.need('Partition Details');
  call.noBody();
  call.needUsableCpc(partition);
  needSettled(partition);
  call.context.model.remove(element);
  return done;
}

function partitionOf({ context }: Call, element: Resource): Resource {
  return context.model.parentOf(element) ?? refuse('notFound', 'the partition is gone');
}
