import type { DiagnosedPath } from '../../virt/index.ts';
import type { LocalVolume } from './records.ts';

/** What `local-attach` prints. For a host: os-brick's device_info, and what a detach needs. @public */
export interface LocalAttachment {
  readonly volume_id: string;
  readonly attachment_id: string | null;
  readonly mode: 'rw' | 'ro';
  /** Of a volume on this host. */
  readonly type?: 'block';
  readonly path?: string;
  readonly scsi_wwn?: string | undefined;
  readonly multipath_id?: string | undefined;
  readonly mountpoint?: string | null;
  /** Absent if there are none. */
  readonly warnings?: readonly string[] | undefined;
  /** Of a volume of a partition. */
  readonly partition?: string;
  readonly partition_uri?: string;
  readonly paths?: readonly {
    readonly initiator_wwpn: string;
    readonly target_wwpn: string;
    readonly lun: string;
    readonly device_number: string | null;
  }[];
}

/** @public */
export interface DetachedVolume {
  readonly volume_id: string;
  /** False if the volume was not attached. */
  readonly detached: boolean;
  readonly attachment_id: string | null;
  /** Paths that should be gone but are not. */
  readonly left_behind: readonly string[];
}

/** @param warnings - for a partition's volume; those of a host are in its record */
export function attachedView(
  record: LocalVolume,
  paths: readonly DiagnosedPath[],
  warnings: readonly string[] = [],
): LocalAttachment {
  const { volumeId, reservation, mode, deviceInfo, mountpoint, place } = record;
  const common = { volume_id: volumeId, attachment_id: reservation?.attachmentId ?? null, mode };
  if (place.kind === 'host') return { ...common, ...deviceInfo, mountpoint };
  return {
    ...common,
    partition: place.name,
    partition_uri: place.uri,
    ...(warnings.length > 0 ? { warnings } : {}),
    paths: paths.map((path) => ({
      initiator_wwpn: path.initiatorWwpn,
      target_wwpn: path.targetWwpn,
      lun: path.lun,
      device_number: path.deviceNumber,
    })),
  };
}
