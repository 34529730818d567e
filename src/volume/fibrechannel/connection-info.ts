import { z } from 'zod';
import { lunFromCinder, parseWwpn } from '../../base/index.ts';
import type { ConnectionInfo } from '../../cinder-client/index.ts';
import type { Lun, Wwpn } from '../../base/index.ts';
import { ConnectionInfoError } from './errors.ts';
import { findUnsupportedKeys } from './unsupported-keys.ts';

/** A target port and the LUN of the volume there. */
export interface FcTarget {
  readonly targetWwpn: Wwpn;
  readonly lun: Lun;
}

/**
 * The connection_info of a Fibre Channel volume in one form. Back ends differ in many ways: one target or a list, the LUN as
 * a number or text, WWPNs in upper case or with colons, keys in either case, and maps that are missing, incomplete, or name
 * ports that are not in the list.
 */
export interface FcConnection {
  readonly volumeId: string | undefined;
  readonly isReadOnly: boolean;
  /** In the order of connection_info. */
  readonly targets: readonly FcTarget[];
  /** The targets that each initiator may use. Undefined without a map: every initiator may use every target. */
  readonly targetsOf: ReadonlyMap<Wwpn, readonly FcTarget[]> | undefined;
  /** SCSI page 83 identifier, 32 lower-case hex digits, if the back end sends one (Pure's `wwn`). */
  readonly naa: string | undefined;
  /** Keys that request something that nova-dpm does not support. */
  readonly unserved: readonly string[];
  /** Whether the host may scan all targets of a port for the LUN. Such a scan also finds LUNs of other arrays. */
  readonly allowsWildcardScan: boolean;
  readonly warnings: readonly string[];
}

const wwnValue = z.union([z.string(), z.array(z.string())]).nullish();
const lunValue = z.union([z.number(), z.string()]);

/** The keys that nova-dpm reads. {@link findUnsupportedKeys} returns the others. */
const fcData = z.looseObject({
  target_wwn: wwnValue,
  target_wwns: wwnValue,
  target_lun: lunValue.nullish(),
  target_luns: z.array(lunValue).nullish(),
  initiator_target_map: z.record(z.string(), z.union([z.string(), z.array(z.string())])).nullish(),
  initiator_target_lun_map: z.record(z.string(), z.array(z.tuple([z.string(), lunValue]))).nullish(),
  addressing_mode: z.string().nullish(),
  access_mode: z.string().nullish(),
  encrypted: z.boolean().nullish(),
  volume_id: z.string().nullish(),
  wwn: z.string().nullish(),
  enable_wildcard_scan: z.union([z.boolean(), z.string()]).nullish(),
});

/**
 * Reads a LUN of connection_info. Platforms other than s390x may read it differently (os-brick initiator/linuxscsi.py
 * and connectors/fibre_channel_s390x.py).
 * @public
 */
export type LunReader = (value: number | string, addressingMode: string | null | undefined) => Lun;

type FcData = z.infer<typeof fcData> & { readonly lunOf: LunReader };

/**
 * Reads the connection_info of a Fibre Channel volume.
 *
 * @param knownId - the volume's ID, in case connection_info does not contain it
 * @throws ConnectionInfoError naming the volume, the key and the value; also when the volume is encrypted, because with DPM
 * there is no host that could decrypt it
 * @remarks Shapes: cinder volume/drivers. `target_wwns` takes precedence over `target_wwn`, as in os-brick.
 */
export function parseFcConnection(
  info: ConnectionInfo,
  lunOf: LunReader = lunFromCinder,
  knownId: string | undefined = volumeIdBeside(info),
): FcConnection {
  try {
    const connection = readConnection(info, lunOf);
    return { ...connection, volumeId: connection.volumeId ?? knownId };
  } catch (error) {
    if (!(error instanceof ConnectionInfoError)) throw error;
    const volumeId = typeof info.data.volume_id === 'string' ? info.data.volume_id : knownId;
    if (volumeId === undefined) throw error;
    const { message, facts, cause } = error;
    throw new ConnectionInfoError(`volume ${volumeId}: ${message}`, { ...facts, volumeId }, cause ? { cause } : {});
  }
}

/** Returns the volume's ID from outside `data`: Cinder's attachments add it as `volume_id`, Nova adds it as `serial`. */
function volumeIdBeside({ volume_id: id, serial }: ConnectionInfo): string | undefined {
  return [id, serial].find((value) => typeof value === 'string');
}

function readConnection(info: ConnectionInfo, lunOf: LunReader): FcConnection {
  if (info.driver_volume_type !== 'fibre_channel') {
    throw new ConnectionInfoError(`driver_volume_type is "${info.driver_volume_type}", expected "fibre_channel"`);
  }
  const given = readData(info);
  const data: FcData = { ...given, lunOf };
  if (data.encrypted === true) {
    throw new ConnectionInfoError('the volume is encrypted by Cinder, which nova-dpm does not support');
  }
  const warnings: string[] = [];
  const targets = zipTargets(listedTargets(data), listedLuns(data), data);
  const targetsOf = readMap(data, targets, warnings);
  const all = targets.length > 0 ? targets : unique([...(targetsOf?.values() ?? [])].flat());
  if (all.length === 0) throw new ConnectionInfoError('connection_info names no target port');
  return {
    volumeId: data.volume_id ?? undefined,
    isReadOnly: data.access_mode === 'ro',
    targets: all,
    targetsOf,
    naa: readNaa(data.wwn),
    unserved: findUnsupportedKeys(given),
    // Allowed unless forbidden. Source: os-brick initiator/linuxfc.py, rescan_hosts.
    allowsWildcardScan: String(data.enable_wildcard_scan ?? true).toLowerCase() !== 'false',
    warnings,
  };
}

function readData(info: ConnectionInfo): Omit<FcData, 'lunOf'> {
  // Some back ends send upper-case keys.
  const lowered = Object.fromEntries(Object.entries(info.data).map(([key, value]) => [key.toLowerCase(), value]));
  const parsed = fcData.safeParse(lowered);
  if (!parsed.success) {
    throw new ConnectionInfoError(
      `connection_info is not usable: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`,
    );
  }
  return parsed.data;
}

function listedTargets(data: FcData): readonly Wwpn[] {
  const plural = asList(data.target_wwns);
  const [key, texts] = plural.length > 0 ? ['target_wwns', plural] : ['target_wwn', asList(data.target_wwn)];
  return texts.map((text) => readWwpn(key, text));
}

function asList(value: string | readonly string[] | null | undefined): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : value.split(',');
  return value ?? [];
}

function readWwpn(key: string, text: string): Wwpn {
  const wwpn = parseWwpn(text);
  if (wwpn === undefined) {
    throw new ConnectionInfoError(`${key} "${text.slice(0, 48)}" is not a WWPN (expected 16 hex digits)`, { key });
  }
  return wwpn;
}

function listedLuns(data: FcData): readonly Lun[] {
  const luns = (data.target_luns ?? []).map((lun) => readLun('target_luns', lun, data));
  const single = data.target_lun ?? undefined; // 0 is a valid LUN
  return luns.length > 0 || single === undefined ? luns : [readLun('target_lun', single, data)];
}

function readLun(key: string, value: number | string, data: FcData): Lun {
  try {
    return data.lunOf(value, data.addressing_mode);
  } catch (error) {
    throw new ConnectionInfoError(`${key} cannot be used`, { key, value }, { cause: error });
  }
}

function zipTargets(wwpns: readonly Wwpn[], luns: readonly Lun[], data: FcData): readonly FcTarget[] {
  const [first] = luns;
  if (first === undefined) {
    if (data.initiator_target_lun_map) return [];
    throw new ConnectionInfoError(
      'connection_info has neither target_lun nor target_luns: the array has not reported the LUN; check its mapping, then attach again',
    );
  }
  if (luns.length !== 1 && luns.length !== wwpns.length) {
    throw new ConnectionInfoError(`${luns.length} target_luns do not fit ${wwpns.length} target ports`);
  }
  return unique(
    wwpns.map((targetWwpn, index) => ({ targetWwpn, lun: luns.length === 1 ? first : (luns[index] ?? first) })),
  );
}

function unique(targets: readonly FcTarget[]): readonly FcTarget[] {
  return [...new Map(targets.map((target) => [`${target.targetWwpn}/${target.lun}`, target])).values()];
}

function readMap(
  data: FcData,
  targets: readonly FcTarget[],
  warnings: string[],
): ReadonlyMap<Wwpn, readonly FcTarget[]> | undefined {
  const withLuns = Object.entries(data.initiator_target_lun_map ?? {});
  if (withLuns.length > 0) {
    const key = 'initiator_target_lun_map';
    return toMap(key, withLuns, ([target, lun]) => [
      { targetWwpn: readWwpn(key, target), lun: readLun(key, lun, data) },
    ]);
  }
  const plain = Object.entries(data.initiator_target_map ?? {});
  if (plain.length === 0) return undefined; // absent and {} both allow every target to every initiator
  const luns = new Set(listedLuns(data));
  const key = 'initiator_target_map';
  const listed = plain.map(([initiator, wwpns]) => [initiator, asList(wwpns)] as const);
  return toMap(key, listed, (target) => resolveTarget(readWwpn(key, target), targets, luns, warnings));
}

/** Merges entries that spell the same initiator differently. */
function toMap<T>(
  key: string,
  entries: readonly (readonly [string, readonly T[]])[],
  targetsOf: (listed: T) => readonly FcTarget[],
): ReadonlyMap<Wwpn, readonly FcTarget[]> {
  const map = new Map<Wwpn, readonly FcTarget[]>();
  for (const [name, listed] of entries) {
    const initiator = readWwpn(key, name);
    map.set(initiator, unique([...(map.get(initiator) ?? []), ...listed.flatMap(targetsOf)]));
  }
  return map;
}

/**
 * Returns the targets at a port that the map names. A port that is not in the list gets the volume's LUN if there is
 * only one. Source: os-brick initiator/connectors/fibre_channel.py.
 */
function resolveTarget(
  wwpn: Wwpn,
  targets: readonly FcTarget[],
  luns: ReadonlySet<Lun>,
  warnings: string[],
): FcTarget[] {
  const listed = targets.filter((target) => target.targetWwpn === wwpn);
  if (listed.length > 0) return listed;
  const [only, ...others] = luns;
  if (only !== undefined && others.length === 0) return [{ targetWwpn: wwpn, lun: only }];
  warnings.push(`initiator_target_map names target ${wwpn}, for which there is no LUN`);
  return [];
}

function readNaa(text: string | null | undefined): string | undefined {
  const digits = text
    ?.trim()
    .toLowerCase()
    .replace(/^naa\./, '')
    .replace(/^3(?=[0-9a-f]{32}$)/, '');
  return digits !== undefined && /^[0-9a-f]{32}$/.test(digits) ? digits : undefined;
}
