import { shuffled, type Random } from '../../server/index.ts';
import type { InitiatorTargetMap, SimulatedSan, VolumeExport } from '../../san/index.ts';
import type { ConnectionShape, MapManner, Spelling } from './shapes.ts';

// An initiator that nobody has: os-brick and drivers have been seen to mix up maps of two hosts.
const FOREIGN_INITIATOR = 'c05076ffffff0001';

/** What the driver knows when it answers; WWPNs in canonical form. */
export interface ConnectionFacts {
  readonly volumeId: string;
  readonly uuid: string;
  readonly multipath: boolean;
  /** Canonical WWPN to the text that the connector had. */
  readonly asSent: ReadonlyMap<string, string>;
  readonly exports: readonly VolumeExport[];
  readonly map: InitiatorTargetMap;
  readonly random: Random;
  /** Whether the array had already masked the volume to these initiators. */
  readonly isRepeated: boolean;
}

/** The part of the map that the shape's driver reports, in canonical form; undefined when it reports none. */
export function reportedMap(
  manner: MapManner,
  full: InitiatorTargetMap,
  multipath: boolean,
  san: SimulatedSan,
): InitiatorTargetMap | undefined {
  const entries = Object.entries(full);
  switch (manner) {
    case 'full':
      return full;
    case 'absent':
      return undefined;
    case 'empty':
      return {};
    case 'foreign':
      return { [FOREIGN_INITIATOR]: entries[0]?.[1] ?? [] };
    case 'without-offline':
      return withoutOffline(entries, san);
    case 'multipath-cut':
      return multipath ? full : cutFirst(entries);
    case 'by-fabric':
      return Object.fromEntries(entries.map((entry, index) => onFabric(entry, index, san)));
    case 'first-only':
      return cutFirst(entries.slice(0, 1).map((entry) => onFabric(entry, 0, san)));
  }
}

/** The `data` of connection_info in the shape's form, before Cinder adds its own keys. */
export function connectionData(
  shape: ConnectionShape,
  facts: ConnectionFacts,
  map: InitiatorTargetMap | undefined,
): Record<string, unknown> {
  const ports = facts.exports.flatMap((each) => each.ports);
  const listed = shape.map === 'multipath-cut' && !facts.multipath ? ports.slice(0, 1) : ports;
  const targets = listed.map((port) => spell(port, shape.targets ?? 'lower', facts));
  return {
    ...(shape.targetDiscovered !== undefined && { target_discovered: shape.targetDiscovered }),
    ...targetLun(shape, facts),
    ...(shape.withVolumeId && { volume_id: facts.volumeId }),
    ...targetWwn(shape, targets, facts.random),
    ...(shape.targetWwns && { target_wwns: targets }),
    ...(map && { initiator_target_map: spelledMap(map, shape, facts) }),
    ...shape.extra?.({ uuid: facts.uuid, ports: ports.map((port) => spell(port, shape.targets ?? 'lower', facts)) }),
  };
}

function targetWwn(shape: ConnectionShape, targets: readonly string[], random: Random): Record<string, unknown> {
  switch (shape.targetWwn ?? 'list') {
    case 'list':
      return { target_wwn: targets };
    case 'string':
      return { target_wwn: targets[0] };
    case 'empty-list':
      return { target_wwn: [] };
    case 'random-order':
      return { target_wwn: shuffled(random, targets) };
    case 'absent':
      return {};
  }
}

function targetLun(shape: ConnectionShape, { exports, isRepeated }: ConnectionFacts): Record<string, unknown> {
  const lun = exports[0]?.lun ?? 0;
  const parallel = exports.flatMap((each) => each.ports.map(() => each.lun));
  const hex = `0x${lun.toString(16).padStart(4, '0')}`;
  const forms = { int: lun, string: String(lun), hex, null: null, late: isRepeated ? lun : null };
  const form = shape.targetLun ?? 'int';
  return {
    ...(form !== 'absent' && { target_lun: forms[form] }),
    ...(shape.targetLuns === 'parallel' && { target_luns: parallel }),
    ...(shape.targetLuns === 'too-few' && { target_luns: parallel.slice(0, 2) }),
  };
}

function spelledMap(map: InitiatorTargetMap, shape: ConnectionShape, facts: ConnectionFacts): Record<string, string[]> {
  const entries = Object.entries(map).map(([initiator, targets]) => [
    spell(initiator, shape.keys ?? 'lower', facts),
    targets.map((target) => spell(target, shape.targets ?? 'lower', facts)),
  ]);
  return Object.fromEntries(entries) as Record<string, string[]>; // each entry is a text and its list
}

function spell(wwpn: string, spelling: Spelling, { asSent }: ConnectionFacts): string {
  switch (spelling) {
    case 'lower':
      return wwpn;
    case 'upper':
      return wwpn.toUpperCase();
    case 'colons':
      return wwpn.replaceAll(/(..)(?=.)/g, '$1:');
    case '0x':
      return `0x${wwpn}`;
    case 'as-sent':
      return asSent.get(wwpn) ?? wwpn;
    case 'with-wwnn':
      return `5005076800000000${wwpn}`;
  }
}

type MapEntry = readonly [initiator: string, targets: readonly string[]];

// An array without look-up refuses when it sees nobody at all; here one is left, so that the gap can be tried at any time.
function withoutOffline(entries: readonly MapEntry[], san: SimulatedSan): InitiatorTargetMap {
  const online = entries.filter(([initiator]) => san.isLoggedIn(initiator));
  const left = entries.length > 1 ? entries.slice(1) : entries;
  return Object.fromEntries(online.length > 0 ? online : left);
}

function cutFirst(entries: readonly MapEntry[]): InitiatorTargetMap {
  const cut = entries.map(([initiator, targets], index) => [initiator, index === 0 ? targets.slice(0, 1) : targets]);
  return Object.fromEntries(cut) as InitiatorTargetMap; // pairs of a text and its list, as they came
}

// An initiator that never logged in is taken to be on the fabrics in turn, as ports are cabled.
function onFabric([initiator, targets]: MapEntry, index: number, san: SimulatedSan): MapEntry {
  const fabricId = san.fabricOf(initiator) ?? san.fabricIds[index % san.fabricIds.length];
  const onIt = new Set(
    san.arrays.flatMap(({ ports }) => ports.filter((port) => port.fabricId === fabricId)).map((port) => port.wwpn),
  );
  return [initiator, targets.filter((target) => onIt.has(target))];
}
