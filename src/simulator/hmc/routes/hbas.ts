import type { SimResponse } from '../../server/index.ts';
import { created, done, ok, type Call, type HmcRoute } from '../call.ts';
import { assignDeviceNumber } from '../device-numbers.ts';
import { numberOf, textOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { refuse } from '../model/refusal.ts';
import { hbaRules } from '../rules/element-rules.ts';
import { checkBody, initialValues, rulesAt, type PropertyRules } from '../rules/property-rule.ts';
import { isActivated } from '../rules/statuses.ts';
import { logInPorts } from '../power/initiators.ts';
import { adapterUse } from '../views/adapter-view.ts';
import { needSettled } from './partitions.ts';
import { refuseTaken, updateBody } from './update.ts';

const hbas = '/api/partitions/:id/hbas';
const hba = `${hbas}/:element`;

/** Operations on vHBAs, which only machines without storage management have. */
export const hbaRoutes: readonly HmcRoute[] = [
  { method: 'POST', path: hbas, operation: 'Create HBA', handle: createHba },
  {
    method: 'GET',
    path: hba,
    operation: 'Get HBA Properties',
    handle: (call) => {
      call.allowQuery();
      return ok(call.element('hba').props);
    },
  },
  { method: 'POST', path: hba, operation: 'Update HBA Properties', handle: updateHba },
  { method: 'DELETE', path: hba, operation: 'Delete HBA', handle: deleteHba },
  {
    method: 'POST',
    path: `${hba}/operations/reassign-storage-adapter-port`,
    operation: 'Reassign Storage Adapter Port',
    handle: reassignPort,
  },
];

function createHba(call: Call): SimResponse {
  const partition = call.object('partition');
  const { context } = call;
  call.need('Partition Details');
  refuseWithStorageManagement(call, partition);
  const body = call.body();
  checkBody(rulesAt(hbaRules, context.levelOf(partition)), body, 'create');
  refuseTaken('name', body.name, context.model.childrenOf(partition, 'hba'));
  const number = textOf(body, 'device-number');
  const deviceNumber = assignDeviceNumber(context, partition, { number, use: 'storage', namespace: 'channel' });
  const port = fcpPortOf(call, partition, textOf(body, 'adapter-port-uri'));
  call.needUsableCpc(partition);
  needSettled(partition);
  refuseFull(call, port);
  const id = context.ids.next();
  const uri = `${partition.uri}/hbas/${id}`;
  const identity: Props = {
    'element-id': id,
    'element-uri': uri,
    'device-number': deviceNumber,
    wwpn: context.wwpns.take(),
  };
  context.model.add('hba', partition.uri, { ...initialValues(hbaRules), ...body, ...identity });
  if (isActivated(partition)) logInPorts(context, partition);
  return created(uri, { 'element-uri': uri });
}

/** What an HMC answers to vHBA operations under storage management is not public; a 4xx it must be (inferred). */
function refuseWithStorageManagement({ context }: Call, partition: Resource): void {
  if (context.hasStorageManagement(partition)) {
    refuse('hbaNotSupported', 'the CPC has storage management: use storage groups instead of vHBAs');
  }
}

/**
 * The storage port of an FCP adapter of the partition's CPC: 404.2 without the adapter, also for a user who may not see it (IBM WS API, Create
 * HBA, 3932-AGL), 404.6 without the port, else by its type.
 */
export function fcpPortOf(call: Call, partition: Resource, portUri: string): Resource {
  const { context } = call;
  const { model } = context;
  const [adapterUri = ''] = portUri.split('/storage-ports/');
  const adapter = model.find('adapter', adapterUri);
  if (adapter?.parent !== context.cpcOf(partition).uri || !call.canSee(adapter)) {
    return refuse('referenceNotFound', `there is no adapter at ${adapterUri}`);
  }
  const port =
    model.find('storage-port', portUri) ?? refuse('elementReferenceNotFound', `there is no storage port at ${portUri}`);
  if (adapter.props.type !== 'fcp') refuse('notAnFcpPort', 'the adapter is not of type fcp');
  return port;
}

/** No more vHBAs than the adapter is allowed to have. */
function refuseFull({ context }: Call, port: Resource): void {
  const adapter = context.model.parentOf(port);
  if (adapter === undefined) return;
  const allowed = numberOf(adapter.props, 'allowed-capacity');
  if (adapterUse(context, adapter).configured >= allowed) {
    refuse(
      'adapterCapacityExhausted',
      `adapter ${textOf(adapter.props, 'name')} has its ${allowed} virtual connections`,
    );
  }
}

function updateHba(call: Call): SimResponse {
  const element = call.element('hba');
  const partition = partitionOf(call, element);
  const { context } = call;
  call.need('Partition Details');
  const body = updateBody(call, element, hbaRules);
  const others = context.model.childrenOf(partition, 'hba').filter((other) => other !== element);
  refuseTaken('name', body.name, others);
  const number = textOf(body, 'device-number');
  const changed: Props =
    number === '' ? body : { ...body, 'device-number': renumber(call, partition, element, number) };
  call.needUsableCpc(partition);
  needSettled(partition);
  Object.assign(element.props, changed);
  return done;
}

function renumber({ context }: Call, partition: Resource, self: Resource, number: string): string {
  return assignDeviceNumber(context, partition, { number, use: 'storage', namespace: 'channel', self });
}

function deleteHba(call: Call): SimResponse {
  const element = call.element('hba');
  const partition = partitionOf(call, element);
  const { context } = call;
  call.need('Partition Details');
  call.noBody();
  call.needUsableCpc(partition);
  needSettled(partition);
  const wwpn = textOf(element.props, 'wwpn');
  context.san.logout(wwpn);
  forgetBootDevice(partition, element);
  context.model.remove(element);
  context.wwpns.release([wwpn]);
  return done;
}

/** A partition that would load over the vHBA has no boot device any more (inferred). */
function forgetBootDevice({ props }: Resource, hba: Resource): void {
  if (props['boot-storage-device'] !== hba.uri) return;
  props['boot-storage-device'] = null;
  if (props['boot-device'] === 'storage-adapter') props['boot-device'] = 'none';
}

const reassignRules: PropertyRules = { 'adapter-port-uri': { type: 'string', create: 'required' } };

/** Keeps WWPN and device number. */
function reassignPort(call: Call): SimResponse {
  const element = call.element('hba');
  const partition = partitionOf(call, element);
  call.need('Partition Details');
  const body = call.body();
  checkBody(reassignRules, body, 'create');
  const port = fcpPortOf(call, partition, textOf(body, 'adapter-port-uri'));
  call.needUsableCpc(partition);
  needSettled(partition);
  if (element.props['adapter-port-uri'] !== port.uri) refuseFull(call, port);
  element.props['adapter-port-uri'] = port.uri;
  if (isActivated(partition)) logInPorts(call.context, partition);
  return done;
}

function partitionOf({ context }: Call, element: Resource): Resource {
  return context.model.parentOf(element) ?? refuse('notFound', 'the partition is gone');
}
