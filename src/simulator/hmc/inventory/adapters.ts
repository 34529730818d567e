import type { HmcContext } from '../context.ts';
import type { MachineProfile } from '../machines.ts';
import { numberOf, textOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';

/** What distinguishes one adapter from another of its family. */
interface AdapterPlan {
  readonly family: string;
  readonly type: string;
  readonly card: string;
  /** PCHID, or the number of a virtual adapter. */
  readonly id: number;
  readonly ports: readonly number[];
  /** Absent where there is no card. */
  readonly location?: string;
  readonly name: string;
  readonly capacity?: { readonly allowed: number; readonly maximum: number };
  readonly more?: Props;
}

// Capacities as seen on machines and in exports of them (python-zhmcclient, tests/unit, dpm-export-*.json).
export const fcpMaximum = 254;
const ficonMaximum = 32_760;
const osdMaximum = 1920;
const hipersocketsMaximum = 12_288;
const roceMaximum = 126;

/** vHBAs that an FCP adapter is allowed to have, unless it is said otherwise. */
export function fcpCapacity({ options }: HmcContext): number {
  return options.adapterCapacity ?? 64;
}

/** First PCHID of the FCP adapters; a card takes four numbers. */
const firstFcpPchid = 0x124;
const firstVirtualAdapter = 0x7c0;
const firstHipersocketsChpid = 0xd0;

/** Adapters of a fresh machine: FCP ones as many as wanted, and one or two of each other kind. */
export function addAdapters(
  context: HmcContext,
  cpc: Resource,
  profile: MachineProfile,
  fabrics: readonly string[],
): void {
  const fcpCount = context.options.adapters ?? 4;
  for (let index = 0; index < fcpCount; index += 1) addFcp(context, cpc, profile, index, fabrics);
  for (const index of [0, 1]) addAdapter(context, cpc, osa(profile, index));
  addHipersockets(context, cpc, { name: 'HS1' });
  addAdapter(context, cpc, crypto(profile));
  if (profile.level >= 14) addAdapter(context, cpc, ficon(profile));
  if (profile.level >= 14 && profile.level <= 16) addAdapter(context, cpc, roce());
  if (profile.level >= 15) addAdapter(context, cpc, nvme());
  if (profile.level >= 17) addAdapter(context, cpc, networkExpress());
}

function addFcp(
  context: HmcContext,
  cpc: Resource,
  profile: MachineProfile,
  index: number,
  fabrics: readonly string[],
): void {
  const card = Math.floor(index / 2);
  const port = (index % 2) + 1;
  const id = firstFcpPchid + card * 4 + (index % 2);
  const place = cardPlace(13 + card);
  const location = `${place.drawer}-D${port}${place.slot}-J.0${port}`;
  const adapter = addAdapter(context, cpc, {
    family: 'ficon',
    type: 'fcp',
    card: profile.fcpCard,
    id,
    ports: [0],
    location,
    name: `FCP ${pchid(id)} ${place.drawer}-${place.slot} J.0${port}`,
    capacity: { allowed: fcpCapacity(context), maximum: fcpMaximum },
    more: { 'channel-path-id': (index + 1).toString(16).padStart(2, '0') },
  });
  cable(context, adapter, fabrics, index);
}

/** Connects the ports of an FCP adapter to one of the fabrics, and lets them show its switch. */
function cable(context: HmcContext, adapter: Resource, fabrics: readonly string[], index: number): void {
  const fabric = index % fabrics.length;
  const name = fabrics[fabric];
  if (name === undefined) return;
  for (const port of context.model.childrenOf(adapter, 'storage-port')) {
    context.cabling.set(port.uri, name);
    // World wide name of a switch: NAA 1 with the OUI of a common maker.
    port.props['fabric-id'] ??= `100050eb1a${(fabric + 1).toString(16).padStart(6, '0')}`;
  }
}

/** Slots 2 to 19 of an I/O drawer hold cards; after them comes the next drawer. */
function cardPlace(slot: number): { drawer: string; slot: string } {
  const drawers = ['A14B', 'A21B', 'A28B', 'B14B'];
  const number = slot - 2;
  const drawer = drawers[Math.floor(number / 18) % drawers.length] ?? 'A14B';
  return { drawer, slot: String((number % 18) + 2).padStart(2, '0') };
}

function osa(profile: MachineProfile, index: number): AdapterPlan {
  const id = 0x108 + index * 4;
  const slot = String(4 + index).padStart(2, '0');
  return {
    family: 'osa',
    type: 'osd',
    card: profile.osaCard,
    id,
    ports: [0, 1],
    location: `A14B-D1${slot}J.01-D2${slot}J.02`,
    name: `OSD ${pchid(id)} A14B-${slot}`,
    capacity: { allowed: osdMaximum, maximum: osdMaximum },
    more: { 'channel-path-id': (0xf0 + index).toString(16) },
  };
}

function crypto(profile: MachineProfile): AdapterPlan {
  const capacity = { allowed: profile.maximumPartitions, maximum: profile.maximumPartitions };
  const more = {
    'crypto-number': 0,
    'crypto-type': 'cca-coprocessor',
    'tke-commands-enabled': false,
    'udx-loaded': false,
  };
  const place = { id: 0x1a8, location: 'A14B-LG14', name: 'CCA 01A8 A14B-14' };
  const plan = { family: 'crypto', type: 'crypto', card: profile.cryptoCard, ports: [], more, ...place };
  return profile.level < 17 ? plan : { ...plan, capacity };
}

function ficon(profile: MachineProfile): AdapterPlan {
  const place = { id: 0x190, location: 'A14B-D107-J.01', name: 'FICON 0190 A14B-07 J.01' };
  const capacity = { allowed: ficonMaximum, maximum: ficonMaximum };
  const more = { 'channel-path-id': '2a' };
  return { family: 'ficon', type: 'fc', card: profile.fcpCard, ports: [0], capacity, more, ...place };
}

function roce(): AdapterPlan {
  const place = { id: 0x138, location: 'A14B-D119J.01-D219J.02', name: 'RoCE 0138 A14B-19' };
  const capacity = { allowed: roceMaximum, maximum: roceMaximum };
  return { family: 'roce', type: 'roce', card: 'roce-express-2', ports: [1, 2], capacity, ...place };
}

function nvme(): AdapterPlan {
  const more: Props = {
    'ssd-is-installed': true,
    'ssd-capacity': 1024,
    'ssd-serial-number': 'SIM0001',
    'ssd-model-number': null,
    'ssd-vendor-id': null,
    'ssd-subsystem-vendor-id': null,
  };
  const place = { id: 0x178, location: 'A21B-LG19', name: 'NVMe 0178 A21B-19' };
  return { family: 'nvme', type: 'nvme', card: 'nvme', ports: [], more, ...place };
}

function networkExpress(): AdapterPlan {
  const place = { id: 0x1b0, location: 'A21B-D105J.01', name: 'NetX 01B0 A21B-05' };
  const kind = { family: 'network-express', type: 'network-express-hybrid', card: 'network-express-1gb' };
  const more = { 'channel-path-id': '2b', 'link-aggregation': false };
  return { ...kind, ports: [0], capacity: { allowed: 379, maximum: 379 }, more, ...place };
}

/** Adds a HiperSockets adapter: a virtual one with the next free number. `body` is that of Create Hipersocket. */
export function addHipersockets(context: HmcContext, cpc: Resource, body: Readonly<Props>): Resource {
  const { model } = context;
  const numbers = model.childrenOf(cpc, 'adapter').map(({ props }) => Number.parseInt(textOf(props, 'adapter-id'), 16));
  const id = Math.max(firstVirtualAdapter - 1, ...numbers.filter((number) => number >= firstVirtualAdapter)) + 1;
  return addAdapter(context, cpc, {
    family: 'hipersockets',
    type: 'hipersockets',
    card: 'hipersockets',
    id,
    ports: [0],
    name: textOf(body, 'name'),
    capacity: { allowed: hipersocketsMaximum, maximum: hipersocketsMaximum },
    more: {
      description: textOf(body, 'description'),
      'channel-path-id': (firstHipersocketsChpid + id - firstVirtualAdapter).toString(16).padStart(2, '0'),
      'maximum-transmission-unit-size': numberOf(body, 'maximum-transmission-unit-size') || 8,
    },
  });
}

function addAdapter(context: HmcContext, cpc: Resource, plan: AdapterPlan): Resource {
  const id = context.ids.next();
  const capacity =
    plan.capacity === undefined
      ? {}
      : {
          'allowed-capacity': plan.capacity.allowed,
          'maximum-total-capacity': plan.capacity.maximum,
          'configured-capacity': 0,
          'used-capacity': 0,
        };
  const adapter = context.model.add('adapter', cpc.uri, {
    'object-id': id,
    'object-uri': `/api/adapters/${id}`,
    name: plan.name,
    description: '',
    'adapter-id': plan.id.toString(16).padStart(3, '0'),
    'adapter-family': plan.family,
    type: plan.type,
    'detected-card-type': plan.card,
    ...placeOf(plan, context.levelOf(cpc)),
    status: 'active',
    state: 'online',
    'physical-channel-status': 'operating',
    ...(plan.ports.length === 0 ? {} : { 'port-count': plan.ports.length }),
    ...capacity,
    ...plan.more,
  });
  for (const index of plan.ports) addPort(context, adapter, index);
  return adapter;
}

/** Where the card is, and what else 2.16 and later show of it. Source: DPM exports of machines in python-zhmcclient, tests/unit. */
function placeOf({ location, family, card }: AdapterPlan, level: number): Props {
  if (location === undefined) return {};
  const place: Props = { 'card-location': location };
  if (level < 16) return place;
  Object.assign(place, { drawer: location.split('-')[0] ?? '', 'io-domain': 0 });
  if (family === 'osa' || family === 'ficon') place['module-type'] = moduleTypeOf(card);
  if (family === 'osa' || family === 'crypto') place['firmware-update-pending'] = false;
  return place;
}

/** Speed and kind of the transceiver, from the name of the card. */
function moduleTypeOf(card: string): string {
  if (card.endsWith('1000base-t')) return '1Gb Copper';
  const speed = /(\d+)(?:gb|s|sa|g)(?:-|$)/u.exec(card)?.[1] ?? '16';
  return `${speed}Gb ${card.startsWith('osa') ? 'SR' : 'SX'}`;
}

function addPort(context: HmcContext, adapter: Resource, index: number): void {
  const isStorage = adapter.props['adapter-family'] === 'ficon';
  const uri = `${adapter.uri}/${isStorage ? 'storage' : 'network'}-ports/${index}`;
  const props: Props = {
    'element-id': String(index),
    'element-uri': uri,
    index,
    name: `Port ${index}`,
    description: '',
  };
  context.model.add(isStorage ? 'storage-port' : 'network-port', adapter.uri, props);
  const family = textOf(adapter.props, 'adapter-family');
  const hasSwitches = family === 'osa' || family === 'hipersockets';
  if (hasSwitches && context.levelOf(adapter) < 17) addVirtualSwitch(context, adapter, index);
}

/** One virtual switch for each network port, as DPM makes them. */
function addVirtualSwitch(context: HmcContext, adapter: Resource, port: number): void {
  const id = context.ids.next();
  const type = textOf(adapter.props, 'type');
  context.model.add('virtual-switch', adapter.parent, {
    'object-id': id,
    'object-uri': `/api/virtual-switches/${id}`,
    name: `${textOf(adapter.props, 'adapter-id')}.P${port}.${type.toUpperCase()}`,
    description: '',
    type,
    'backing-adapter-uri': adapter.uri,
    port,
  });
}

function pchid(id: number): string {
  return id.toString(16).toUpperCase().padStart(4, '0');
}
