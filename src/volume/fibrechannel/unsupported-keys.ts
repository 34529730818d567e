import type { Logger } from '../../base/index.ts';

/** Keys that the reader of connection_info, the host connectors or the attach flows use. */
const served: ReadonlySet<string> = new Set([
  ...['target_wwn', 'target_wwns', 'target_lun', 'target_luns', 'initiator_target_map', 'initiator_target_lun_map'],
  ...['addressing_mode', 'access_mode', 'encrypted', 'enable_wildcard_scan', 'volume_id', 'wwn'],
  ...['driver_volume_type', 'attachment_id'],
]);

/**
 * Keys that need no action. Guest and host read block sizes and discard from the LUN itself, and there is no hypervisor to
 * configure. The others are records of volume drivers, of the zone manager (`host_name`, `storage_system`) and of
 * os-brick. Source: cinder volume/manager.py, zonemanager/utils.py, volume/drivers/ibm,
 * volume/drivers/huawei; nova virt/libvirt/volume; os-brick initiator/connectors/fibre_channel.py.
 */
const harmless: ReadonlySet<string> = new Set([
  ...['target_discovered', 'discard', 'physical_block_size', 'logical_block_size'],
  ...['map_info', 'all_storage_wwpns', 'recommended_connections', 'zvm_fcp', 'host_name', 'storage_system'],
  ...['device_path', 'multipath_id', 'targets'],
]);

/** Why a key has no effect, and what to do instead. */
const advice: Readonly<Record<string, string>> = {
  qos_specs: 'qos_specs (front-end limits have no effect: set the consumer of the QoS specs to "back-end")',
  cacheable: 'cacheable (nothing caches the volume)',
  enforce_multipath: 'enforce_multipath (set up multipathing in the guest)',
};

/**
 * Returns the keys, in lower case, that request something that nova-dpm does not support. Ignores keys with a false or empty
 * value.
 */
export function findUnsupportedKeys(data: Readonly<Record<string, unknown>>): readonly string[] {
  const isUnserved = ([key, value]: [string, unknown]) =>
    !served.has(key) && !harmless.has(key) && asksForSomething(value);
  return Object.entries(data)
    .filter(isUnserved)
    .map(([key]) => key)
    .toSorted();
}

function asksForSomething(value: unknown): boolean {
  if (typeof value !== 'object') return value !== undefined && value !== false && value !== '';
  return value !== null && Object.keys(value).length > 0;
}

/** The parts of a connection_info that the warning uses. */
interface ReadAnswer {
  readonly volumeId: string | undefined;
  readonly unserved: readonly string[];
  readonly targets: readonly { readonly targetWwpn: string; readonly lun: string }[];
}

/** The warnings that this process has already logged. */
const logged = new Set<string>();
const MAX_LOGGED = 10_000;

/**
 * Logs the keys that have no effect, once for each volume and process. Never logs their values, which may be secrets.
 *
 * @param obeyed - keys that the caller handles itself
 */
export function warnOfUnsupportedKeys(
  log: Logger,
  { volumeId, unserved, targets }: ReadAnswer,
  obeyed: readonly string[] = [],
): void {
  const keys = unserved.filter((key) => !obeyed.includes(key));
  if (keys.length === 0) return;
  const subject = volumeId ?? targets.map(({ targetWwpn, lun }) => `${targetWwpn}/${lun}`).join(' ');
  const once = `${subject}: ${keys.join(', ')}`;
  if (logged.has(once)) return;
  if (logged.size >= MAX_LOGGED) logged.clear();
  logged.add(once);
  const named = keys.map((key) => advice[key] ?? key).join(', ');
  log.warn(
    { event: 'volume.keys-ignored', volumeId, keys },
    `nova-dpm ignores these keys of connection_info: ${named}`,
  );
}
