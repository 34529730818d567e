import type { SimulatorSnapshot } from '../../src/simulator/index.ts';
import { isForeign } from '../support/foreign.ts';
import { userOf } from './model.ts';
import type { Model, ModelServer } from './model.ts';
import type { World } from '../support/world.ts';

/** Something that is not as the model says; a stuck flow that names the key may have left it. */
export interface Discrepancy {
  readonly key: string;
  readonly text: string;
}

type Props = SimulatorSnapshot['hmc']['partition'][number];

/** Compares machine, SAN and Cinder with the model. */
export function compareWithModel(model: Model, { sim }: World): readonly Discrepancy[] {
  const snapshot = sim.snapshot();
  const ports = portsByInstance(snapshot);
  const names = new Map(sim.volumes.map(({ id, name }) => [id, name]));
  return [
    ...comparePartitions(model, snapshot, sim.san, names),
    ...compareGroups(model, snapshot, names),
    ...sim.volumes
      .filter(({ name }) => !name.startsWith('foreign'))
      .flatMap(({ id, name }) => compareVolume({ id, user: userOf(model, name) }, snapshot, ports)),
    ...compareZones(snapshot, ports),
  ];
}

const namePattern = /^OpenStack-compute1-(?<uuid>[0-9a-f]{8}-[0-9a-f-]{27})$/u;

/** Whose partition, or storage group, is it? Undefined for other people's. */
function instanceOf({ name }: Props): string | undefined {
  return isForeign(name) ? undefined : namePattern.exec(text(name))?.groups?.uuid;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function whole(model: Model): ReadonlyMap<string, ModelServer> {
  return new Map([...model.servers.values()].filter(({ state }) => state === 'whole').map((one) => [one.uuid, one]));
}

function comparePartitions(
  model: Model,
  { hmc }: SimulatorSnapshot,
  san: World['sim']['san'],
  volumeNames: ReadonlyMap<string, string>,
): Discrepancy[] {
  const expected = whole(model);
  const there = new Map(hmc.partition.flatMap((one) => (instanceOf(one) ? [[instanceOf(one) ?? '', one]] : [])));
  const surplus = [...there.keys()].filter((uuid) => !expected.has(uuid));
  const wrong = [...expected].flatMap(([uuid, server]) => {
    const partition = there.get(uuid);
    if (partition === undefined) return [{ key: uuid, text: `server ${uuid} has no partition` }];
    const status = server.power === 'unknown' ? partition.status : server.power;
    if (partition.status !== status)
      return [{ key: uuid, text: `partition of ${uuid} is ${text(partition.status)}, not ${text(status)}` }];
    const booted = partition.status === 'active' ? bootVolume(partition, hmc, san) : undefined;
    const name = booted === undefined ? server.boot : volumeNames.get(booted);
    return name === server.boot ? [] : [{ key: uuid, text: `server ${uuid} boots from "${name ?? booted ?? '?'}"` }];
  });
  return [...surplus.map((uuid) => ({ key: uuid, text: `partition of ${uuid} should not exist` })), ...wrong];
}

/** The volume that the boot properties lead to; the empty text when they lead nowhere. */
function bootVolume(partition: Props, hmc: SimulatorSnapshot['hmc'], san: World['sim']['san']): string {
  const volume = hmc['storage-volume'].find((one) => one['element-uri'] === text(partition['boot-storage-volume']));
  if (partition['boot-device'] === 'storage-volume') return text(volume?.name);
  const hba = hmc.hba.find((one) => one['element-uri'] === text(partition['boot-storage-device']));
  const wwpn = text(hba?.wwpn);
  const target = text(partition['boot-world-wide-port-name']);
  const probe = san.probe(wwpn, san.fabricOf(wwpn) ?? '', target, text(partition['boot-logical-unit-number']));
  return probe.ok ? probe.volumeId : '';
}

/** On machines with storage groups: one for each partition of ours, with just the volumes that the server has. */
function compareGroups(model: Model, { hmc }: SimulatorSnapshot, names: ReadonlyMap<string, string>): Discrepancy[] {
  const expected = whole(model);
  return hmc['storage-group'].flatMap((group) => {
    const uuid = instanceOf(group);
    if (uuid === undefined) return [];
    const server = expected.get(uuid);
    if (server === undefined) return [{ key: uuid, text: `storage group of ${uuid} should not exist` }];
    const wanted = new Set([server.boot, ...server.data]);
    const has = hmc['storage-volume'].filter(({ parent }) => parent === group['object-uri']);
    const listed = new Map(has.map(({ name }) => [names.get(text(name)) ?? text(name), text(name)]));
    const surplus = [...listed].filter(([name]) => !wanted.has(name)).map(([, id]) => id);
    const missing = [...wanted].filter((name) => !listed.has(name)).map((name) => idOf(name, names));
    return [
      ...surplus.map((key) => ({ key, text: `volume ${key} is still in the storage group of ${uuid}` })),
      ...missing.map((key) => ({ key, text: `volume ${key} is not in the storage group of ${uuid}` })),
    ];
  });
}

function idOf(name: string, names: ReadonlyMap<string, string>): string {
  return [...names].find(([, candidate]) => candidate === name)?.[0] ?? name;
}

/** A volume in use is attached once, and masked to all ports of its server's partition and to no other; any other is free. */
function compareVolume(
  { id, user }: { readonly id: string; readonly user: ModelServer | undefined },
  { san, cinder }: SimulatorSnapshot,
  ports: ReadonlyMap<string, readonly string[]>,
): Discrepancy[] {
  const found = {
    status: cinder.volumes.find((volume) => volume.id === id)?.status,
    attachments: cinder.attachments
      .filter(({ volumeId }) => volumeId === id)
      .map(({ status, instance }) => ({ status, instance })),
    masks: san.arrays.flatMap(({ masks }) => masks.filter(({ volumeId }) => volumeId === id)).map((m) => m.initiators),
  };
  const wwpns = user === undefined ? [] : (ports.get(user.uuid) ?? []);
  const expected =
    user === undefined
      ? { status: 'available', attachments: [], masks: [] }
      : { status: 'in-use', attachments: [{ status: 'attached', instance: user.uuid }], masks: [wwpns] };
  const [is, should] = [JSON.stringify(found), JSON.stringify(expected)];
  const isBare = user !== undefined && wwpns.length === 0;
  if (is === should && !isBare) return [];
  return [{ key: id, text: `volume ${id} is ${is}, not ${should}` }];
}

/** A zone is for a port that exists: one that stays would let the next owner of the WWPN in. */
function compareZones({ san }: SimulatorSnapshot, ports: ReadonlyMap<string, readonly string[]>): Discrepancy[] {
  const known = new Set([...ports.values()].flat());
  const masked = new Set(san.arrays.flatMap(({ masks }) => masks).flatMap(({ initiators }) => initiators));
  return san.fabrics.flatMap(({ zones }) =>
    zones.flatMap(({ name, members }) =>
      members.some((wwpn) => known.has(wwpn) || masked.has(wwpn))
        ? []
        : [{ key: 'zone', text: `zone ${name} is left` }],
    ),
  );
}

/** WWPNs of the ports that exist, by the instance whose partition or storage group has them; sorted. */
function portsByInstance({ hmc }: SimulatorSnapshot): ReadonlyMap<string, readonly string[]> {
  const owners = new Map<unknown, string | undefined>(
    [...hmc.partition, ...hmc['storage-group']].map((one): [unknown, string | undefined] => [
      one['object-uri'],
      instanceOf(one),
    ]),
  );
  const ports = new Map<string, string[]>();
  const add = (parent: unknown, wwpn: unknown): void => {
    const owner = owners.get(parent);
    if (owner !== undefined && typeof wwpn === 'string') ports.set(owner, [...(ports.get(owner) ?? []), wwpn].sort());
  };
  for (const { parent, wwpn } of hmc.hba) add(parent, wwpn);
  for (const { parent, 'world-wide-port-name-info': info } of hmc['virtual-storage-resource'])
    add(parent, (info as { readonly 'world-wide-port-name'?: unknown } | null)?.['world-wide-port-name']); // the HMC's own shape
  return ports;
}
