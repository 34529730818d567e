import type { LunForm } from '../../san/index.ts';

/**
 * How WWPNs are written in connection_info.
 * @public
 */
export type Spelling = 'lower' | 'upper' | 'colons' | '0x' | 'as-sent' | 'with-wwnn';

/**
 * How the initiator_target_map is formed: all to all; absent; empty; only the first initiator and target; without
 * initiators that are offline (when all are, without the first); each initiator with the targets of its fabric; one target for the first initiator
 * when multipath is off; or naming a foreign initiator only.
 * @public
 */
export type MapManner =
  'full' | 'absent' | 'empty' | 'first-only' | 'without-offline' | 'by-fabric' | 'multipath-cut' | 'foreign';

/**
 * What a back-end's volume driver puts into connection_info, as data.
 * @public
 */
export interface ConnectionShape {
  readonly driverVolumeType?: string;
  readonly lunForm?: LunForm;
  /** DS8000: two-level LUNs, but only for a connector that says it is Linux on s390. */
  readonly zLinuxLuns?: true;
  /** Presented by two arrays under one identity. */
  readonly mirrored?: true;
  readonly targets?: Spelling;
  readonly keys?: Spelling;
  readonly map: MapManner;
  readonly targetWwn?: 'list' | 'string' | 'empty-list' | 'random-order' | 'absent';
  /** `late`: null in the first answer; the LUN when the same connection is requested again. */
  readonly targetLun?: 'int' | 'string' | 'hex' | 'null' | 'absent' | 'late';
  readonly targetWwns?: true;
  /** Parallel to the targets, or with fewer entries than targets. */
  readonly targetLuns?: 'parallel' | 'too-few';
  readonly targetDiscovered?: boolean;
  readonly withVolumeId?: true;
  /** The keys of `extra` may use the volume's NAA identifier and all target ports. */
  readonly extra?: (about: { readonly uuid: string; readonly ports: readonly string[] }) => Record<string, unknown>;
  /** Keeps the mapping while another attachment of a multiattach volume has the same host string (Pure, NetApp). */
  readonly sharedHostKeepsMapping?: true;
}

const storwize = {
  map: 'full',
  targets: 'upper',
  keys: 'as-sent',
  targetDiscovered: false,
  withVolumeId: true,
} as const;
const byFabric = { map: 'by-fabric', targetDiscovered: true } as const;

const shapes = {
  // cinder ibm/storwize_svc/storwize_svc_fc.py: all node ports in upper case, keys as the connector wrote them.
  storwize,
  // What an early specification showed: LUN as text, one target as text beside a map of two.
  'storwize-string-lun': { ...storwize, targets: 'lower', targetWwn: 'string', targetLun: 'string' },
  // cinder ibm/ibm_storage/ds8k: 0x40XX40YY for host type zLinux.
  ds8k: { map: 'full', targets: 'upper', keys: 'as-sent', zLinuxLuns: true, targetDiscovered: false },
  // cinder dell_emc/powerstore: never a map, as it knows no zoning.
  powerstore: { map: 'absent', targetDiscovered: false, extra: () => ({ discard: true }) },
  // cinder dell_emc/powerstore/client.py get_volume_lun returns what the array reports right after the mapping, even null.
  'powerstore-late-lun': {
    map: 'absent',
    targetLun: 'late',
    targetDiscovered: false,
    extra: () => ({ discard: true }),
  },
  // cinder dell_emc/unity with look-up: what the fabric knows, here the first initiator alone.
  unity: { map: 'first-only', targetDiscovered: true, withVolumeId: true },
  // cinder pure.py, a stretched pod: both LUN forms, two arrays with their own LUNs.
  pure: {
    map: 'full',
    lunForm: 'sam2',
    mirrored: true,
    targets: 'upper',
    targetWwns: true,
    targetLuns: 'parallel',
    targetDiscovered: true,
    sharedHostKeepsMapping: true,
    extra: ({ uuid }) => ({ discard: true, addressing_mode: 'SAM2', wwn: `3${uuid.toLowerCase()}` }),
  },
  // cinder hpe/hpe_3par_fc.py: without multipath one target for the first initiator, the full list for the others.
  '3par': { map: 'multipath-cut', targets: 'upper', targetDiscovered: true, extra: () => ({ encrypted: false }) },
  // The same with Peer Persistence: no target_lun, a list parallel to the ports of both arrays.
  '3par-peer-persistence': {
    ...byFabric,
    mirrored: true,
    targets: 'upper',
    targetLun: 'absent',
    targetLuns: 'parallel',
    extra: () => ({ encrypted: false }),
  },
  // cinder huawei: initiators that the array does not see are missing; a nested extra.
  huawei: {
    map: 'without-offline',
    targetDiscovered: true,
    withVolumeId: true,
    extra: () => ({ map_info: { lun_id: '14', view_id: '6', aval_luns: '[1,2,3]' } }),
  },
  // cinder ibm/ibm_storage/xiv before the first login: the list of targets is empty, the map is not.
  xiv: {
    map: 'full',
    targetWwn: 'empty-list',
    targetDiscovered: true,
    withVolumeId: true,
    extra: ({ ports }) => ({ all_storage_wwpns: ports, recommended_connections: 2 }),
  },
  // cinder netapp/dataontap: lower case, the order changes from call to call.
  netapp: { map: 'full', targetWwn: 'random-order', targetDiscovered: true, sharedHostKeepsMapping: true },
  // cinder dell_emc/powermax/fc.py: list(set(...)).
  powermax: { map: 'full', targetWwn: 'random-order', targetDiscovered: true, extra: () => ({ discard: true }) },
  // A map that knows which fabric each initiator is on.
  'single-fabric': byFabric,
  // An encrypted volume: unusable without a host that decrypts.
  encrypted: { ...byFabric, extra: () => ({ encrypted: true }) },
  // cinder volume/manager.py _parse_connection_options: QoS specs with consumer front-end, and a type that may be cached.
  'front-end-qos': { ...storwize, extra: () => ({ qos_specs: { total_iops_sec: '500' }, cacheable: true }) },
  // No driver of Cinder's own: an array of a third party's, with the data of fibre_channel and the ports of the controller
  // that owns the volume; here the last half, so that it shows when they come first.
  alua: {
    map: 'full',
    driverVolumeType: 'fibre_channel_alua',
    targetDiscovered: true,
    extra: ({ ports }) => ({ optimized_targets: ports.slice(Math.floor(ports.length / 2)) }),
  },
  // What no driver should send; each must end in a clear error or in working paths.
  'colon-wwpns': { ...storwize, targets: 'colons', keys: 'colons' },
  '0x-wwpns': { ...storwize, targets: '0x', keys: '0x' },
  'wwnn-wwpn': { ...storwize, targets: 'with-wwnn' },
  'hex-lun': { ...storwize, targetLun: 'hex' },
  'null-lun': { ...storwize, targetLun: 'null' },
  'no-lun': { ...storwize, targetLun: 'absent' },
  'lun-count': { ...storwize, targetLun: 'absent', targetLuns: 'too-few' },
  'empty-map': { ...storwize, map: 'empty' },
  'foreign-map': { ...storwize, map: 'foreign' },
  'no-targets': { ...storwize, map: 'absent', targetWwn: 'absent' },
  iscsi: { ...storwize, driverVolumeType: 'iscsi' },
  eckd: { ...storwize, driverVolumeType: 'fibre_channel_eckd' },
} satisfies Record<string, ConnectionShape>;

/**
 * Name of a back-end whose connection_info the simulator imitates, or of a way to get it wrong.
 * @public
 */
export type ConnectionShapeName = keyof typeof shapes;

/**
 * All shapes by name. Source of the true ones: the Cinder driver named beside each.
 * @public
 */
export const connectionShapes: Readonly<Record<ConnectionShapeName, ConnectionShape>> = shapes;
