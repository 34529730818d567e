import type { HostPath } from '../connector.ts';
import { deviceNode } from '../context.ts';
import { findMapAbove } from '../multipath.ts';
import { diskPath } from './device-choice.ts';
import type { FcContext } from './transport.ts';
import { listRemotePorts } from './fc-ports.ts';
import type { RemotePort } from './fc-ports.ts';
import type { ScsiDisk } from './scsi-disks.ts';

/** Describes disks for callers. Changes nothing. */
export async function toHostPaths(context: FcContext, disks: readonly ScsiDisk[]): Promise<readonly HostPath[]> {
  const remotes = new Map<string, readonly RemotePort[]>();
  const paths: HostPath[] = [];
  for (const disk of disks) {
    const { scsiHost } = disk.port;
    const known = remotes.get(scsiHost) ?? (await listRemotePorts(context.system, disk.port));
    remotes.set(scsiHost, known);
    paths.push(await toHostPath(context, disk, known));
  }
  return paths;
}

async function toHostPath(context: FcContext, disk: ScsiDisk, remotes: readonly RemotePort[]): Promise<HostPath> {
  const { port, targetWwpn, lun, block, state, wwid, sizeBytes, isReadOnly } = disk;
  const map = block === undefined ? undefined : await findMapAbove(context.system, [block]);
  return {
    path: await diskPath(context.system, disk),
    device: block === undefined ? undefined : deviceNode(block),
    port: port.pathPrefix,
    initiatorWwpn: port.initiatorWwpn,
    targetWwpn,
    lun,
    state,
    portState: remotes.find((remote) => remote.targetWwpn === targetWwpn)?.portState,
    wwid,
    map: map === undefined ? undefined : deviceNode(map.block),
    sizeBytes,
    isReadOnly,
  };
}
