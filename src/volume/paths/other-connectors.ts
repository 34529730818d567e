import { z } from 'zod';
import type { Waiting } from '../../base/index.ts';
import { HostConnectorError } from '../host/index.ts';
import type { ServedProtocol } from '../host/index.ts';
import type { PathRecord, PathState } from '../index.ts';
import type { HostFinding } from './host-orphans.ts';
import type { KnownVolume } from './ownership.ts';

/** Checks the return values of third parties, which the compiler cannot. Only Fibre Channel has WWPNs. */
const pathSchema = z.object({
  path: z.string(),
  device: z.string().nullish(),
  port: z.string().nullish(),
  initiatorWwpn: z.string().nullish(),
  targetWwpn: z.string().nullish(),
  lun: z.string().nullish(),
  state: z.string().nullish(),
  portState: z.string().nullish(),
  map: z.string().nullish(),
});

/** A path on this host that the connector of a third party reports. */
export interface OtherPath extends z.infer<typeof pathSchema> {
  readonly protocol: string;
  /** From the record of the attach; null if unknown. */
  readonly volumeId: string | null;
}

/**
 * Returns every path that the connectors of third parties report on this host, of recorded and of other volumes. Changes
 * nothing.
 *
 * @throws HostConnectorError with the protocol, if a connector fails, because the list would be incomplete
 */
export async function readOtherPaths(
  others: readonly ServedProtocol[],
  known: readonly KnownVolume[],
  w: Waiting,
): Promise<readonly OtherPath[]> {
  const found: OtherPath[] = [];
  for (const { protocol, connector } of others) {
    const own = known.filter(({ connectionInfo: info }) => info?.driver_volume_type.toLowerCase() === protocol);
    const paths = new Map<string, OtherPath>();
    for (const { volumeId, connectionInfo } of own) {
      if (connectionInfo === undefined) continue;
      const reported = await readPaths(protocol, () => connector.getVolumePaths(connectionInfo, w), w);
      for (const path of reported) paths.set(path.path, { ...path, protocol, volumeId });
    }
    for (const path of await readPaths(protocol, () => connector.getAllVolumes(w), w)) {
      if (!paths.has(path.path)) paths.set(path.path, { ...path, protocol, volumeId: null });
    }
    found.push(...paths.values());
  }
  return found;
}

async function readPaths(protocol: string, ask: () => Promise<unknown>, { signal }: Waiting) {
  try {
    return z.array(pathSchema).parse(await ask());
  } catch (error) {
    signal.throwIfAborted();
    const text = `the host connector for "${protocol}" did not return its paths`;
    throw new HostConnectorError(text, { protocol }, { cause: error });
  }
}

/** Adds the paths and volumes that third parties report to the records of the kernel's devices. */
export function mergeRecords(
  host: string,
  records: readonly PathRecord[],
  others: readonly OtherPath[],
): readonly PathRecord[] {
  const named = records.map((record) => {
    const volumeId = record.volume_id ?? others.find((path) => isOf(record, path))?.volumeId ?? null;
    return { ...record, volume_id: volumeId };
  });
  const unknown = others.filter((path) => !records.some((record) => isOf(record, path)));
  return [...named, ...unknown.map((path) => recordOf(host, path))];
}

function isOf(record: PathRecord, { device, initiatorWwpn, targetWwpn, lun }: OtherPath): boolean {
  if (typeof device === 'string' && record.device !== null) return device === record.device;
  const [initiator, target] = [record.initiator_wwpn, record.target_wwpn];
  return typeof lun === 'string' && initiator === initiatorWwpn && target === targetWwpn && record.lun === lun;
}

function recordOf(host: string, path: OtherPath): PathRecord {
  const [state, detail] = judge(path);
  return {
    connector: host,
    kind: 'host',
    server: null,
    volume_id: path.volumeId,
    volume_name: null,
    initiator_wwpn: path.initiatorWwpn ?? null,
    adapter_port: path.port ?? null,
    fabric: null,
    target_wwpn: path.targetWwpn ?? '',
    lun: path.lun ?? '',
    device_number: null,
    device: path.device ?? path.path,
    map: path.map ?? null,
    state,
    detail,
  };
}

/** Never returns `active`, because only the connector can test such a path. */
function judge({ protocol, state, portState }: OtherPath): readonly [PathState, string] {
  const whose = `says the host connector for ${protocol}`;
  if (typeof portState === 'string' && portState !== 'Online') {
    return ['target-unreachable', `target port is ${portState}, ${whose}`];
  }
  if (typeof state === 'string' && state !== 'running') return ['offline', `${state}, ${whose}`];
  return ['configured', `${state ?? 'there'}, ${whose}`];
}

/**
 * Finds paths of volumes that this program attached here and that are no longer attached in Cinder. Only the connector knows
 * which devices may be removed, so there is no repair: the administrator uses `dpm local-detach`.
 */
export function findOtherOrphans(
  host: string,
  others: readonly OtherPath[],
  isAttachedHere: (volumeId: string) => boolean,
): readonly HostFinding[] {
  return others.flatMap(({ protocol, path, volumeId }) => {
    if (volumeId === null || isAttachedHere(volumeId)) return [];
    const evidence = `of volume ${volumeId} (by the record of its attach here), which Cinder does not have attached here`;
    const detail = `${protocol} path ${evidence}; dpm local-detach ${volumeId} removes it`;
    return [{ host, kind: 'device-path', name: path, detail, repair: null, leftover: null }];
  });
}
