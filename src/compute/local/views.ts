import type { DiagnosedPath } from '../../virt/index.ts';
import type { LocalVolume } from './records.ts';

/*
 * The shapes that programs read. To a host it is os-brick's device_info, with what a detach needs beside it.
 */

/** @public */
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
  /** What a person should know; absent where there is nothing. */
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
  /** False when it was not attached: then there was nothing to do. */
  readonly detached: boolean;
  readonly attachment_id: string | null;
  /** What was still there when it should all have been gone. */
  readonly left_behind: readonly string[];
}

/** @param warnings - of a partition's volume; a host's are in its record */
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
