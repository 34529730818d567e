import { lunToLinux } from '../../../base/index.ts';
import type { Waiting } from '../../../base/index.ts';
import type { HostSystem } from '../system.ts';
import type { FcPort } from './fc-ports.ts';
import type { LunAddress } from './scsi-disks.ts';

/**
 * Has a SCSI host look for one LUN. The number is Linux's, not Cinder's: os-brick writes Cinder's (os-brick
 * initiator/linuxfc.py).
 */
export async function scanLun(
  system: HostSystem,
  port: FcPort,
  place: { readonly channel: string; readonly targetId: string },
  lun: LunAddress['lun'],
  waiting: Waiting,
): Promise<void> {
  const line = `${place.channel} ${place.targetId} ${lunToLinux(lun)}`;
  await system.write(`/sys/class/scsi_host/${port.scsiHost}/scan`, line, waiting);
}
