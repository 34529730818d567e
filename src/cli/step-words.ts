import type { ResumedOperation } from '../compute/index.ts';

interface Words {
  /** What the step does, after the name of the server: `web1: creating the partition`. */
  readonly doing: string;
  /** The step only reads, or only writes to our own records: nothing is shown when it is done. */
  readonly isSilent?: true;
}

/** The words for each step of a flow and each act of a verb, by the ids that are in the journal. */
export const stepWords: Readonly<Record<string, Words>> = {
  // steps of the flows
  'reserve-volumes': { doing: 'reserving the volumes in Cinder' },
  'prepare-for-spawn': { doing: 'preparing the partition' },
  'map-volumes': { doing: 'mapping the volumes in Cinder' },
  spawn: { doing: 'building the server' },
  finish: { doing: 'reading the state of the server', isSilent: true },
  destroy: { doing: 'destroying the server' },
  'release-volumes': { doing: 'releasing the volumes in Cinder' },
  'delete-volumes': { doing: 'deleting the volumes in Cinder' },
  forget: { doing: 'deleting the record of the server', isSilent: true },
  'reserve-volume': { doing: 'reserving the volume in Cinder' },
  'map-volume': { doing: 'mapping the volume in Cinder' },
  attach: { doing: 'attaching the volume to the partition' },
  complete: { doing: 'marking the volume in-use in Cinder' },
  'begin-detaching': { doing: 'marking the volume detaching in Cinder' },
  detach: { doing: 'detaching the volume from the partition' },
  'release-volume': { doing: 'unmapping the volume in Cinder' },
  'forget-volume': { doing: 'deleting the record of the volume', isSilent: true },
  'record-network': { doing: 'recording the network', isSilent: true },
  'plug-network': { doing: 'attaching the network' },
  'unplug-network': { doing: 'detaching the network' },
  'forget-network': { doing: 'deleting the record of the network', isSilent: true },
  'prepare-ports': { doing: 'preparing the ports' },
  'mount-volume': { doing: 'mounting the volume' },
  'complete-attach': { doing: 'marking the volume in-use in Cinder' },
  'unmount-volume': { doing: 'unmounting the volume' },
  'remove-ports': { doing: 'removing the ports' },
  'check-paths': { doing: 'looking for orphaned paths', isSilent: true },

  'claim-resources': { doing: 'claiming processors and memory', isSilent: true },
  'stop-server': { doing: 'stopping the server' },
  'change-partition': { doing: 'changing the partition' },
  'start-server': { doing: 'starting the server' },
  'record-server': { doing: 'recording the server', isSilent: true },
  'read-boot': { doing: 'reading the boot properties', isSilent: true },
  'switch-boot': { doing: 'switching the boot source' },
  'mount-image': { doing: 'mounting the ISO image' },
  'stop-guest': { doing: 'stopping the server' },
  'start-guest': { doing: 'starting the server' },
  'record-state': { doing: 'recording the state', isSilent: true },
  'swap-boot-volume': { doing: 'recording the boot volume', isSilent: true },
  'begin-detaching-of-old': { doing: 'marking the old volume detaching' },
  'detach-of-old': { doing: 'detaching the old volume' },
  'release-volume-of-old': { doing: 'unmapping the old volume in Cinder' },
  'forget-volume-of-old': { doing: 'deleting the old record', isSilent: true },
  'release-boot-media': { doing: 'unmounting the ISO image' },

  // acts of the driver's verbs
  'switch-boot-source': { doing: 'setting the boot properties' },
  'find-storage-group': { doing: 'looking for the storage group', isSilent: true },
  'find-networks': { doing: 'looking for the networks', isSilent: true },
  'create-storage-group': { doing: 'creating the storage group' },
  'create-partition': { doing: 'creating the partition' },
  'create-ports': { doing: 'creating the ports of the partition' },
  'attach-storage-group': { doing: 'attaching the storage group' },
  'create-nics': { doing: 'creating the network interfaces' },
  'log-in-ports': { doing: 'logging the ports in to the fabric' },
  'connect-volumes': { doing: 'connecting the volumes' },
  'wait-for-luns': { doing: 'waiting for the LUNs of the volumes' },
  'prepare-boot-source': { doing: 'preparing the boot source' },
  'set-boot': { doing: 'setting the boot properties' },
  'start-partition': { doing: 'starting the partition' },
  'find-partition': { doing: 'looking for the partition', isSilent: true },
  'ask-guest': { doing: 'waiting for the guest to shut down' },
  'stop-partition': { doing: 'stopping the partition' },
  'disconnect-volumes': { doing: 'disconnecting the volumes' },
  'unmap-volumes': { doing: 'unmapping the volumes in Cinder' },
  'detach-storage-groups': { doing: 'detaching the storage groups' },
  'delete-partition': { doing: 'deleting the partition' },
  'delete-storage-group': { doing: 'deleting the storage group' },
  'delete-nics': { doing: 'deleting the network interfaces' },
  'park-partition': { doing: 'keeping the partition for its WWPNs' },
  'connect-volume': { doing: 'connecting the volume' },
  'roll-back-volume': { doing: 'undoing the connection of the volume' },
  'disconnect-volume': { doing: 'disconnecting the volume' },
  'set-guest-parameters': { doing: 'writing the boot parameters' },
  'roll-back-nics': { doing: 'deleting the network interface again' },
  'reconnect-volume': { doing: 'connecting the volume again' },

  // a new volume
  'create-disk': { doing: 'creating the volume in Cinder' },
  'copy-image': { doing: 'copying the image to the volume' },
};

/** The words for each flow, and for each verb that has none, after `the interrupted`. */
export const operationWords: Readonly<Record<string, string>> = {
  build: 'create of',
  'build-stock': 'create of',
  delete: 'delete of',
  'add-volume': 'attachment of a volume to',
  'remove-volume': 'detachment of a volume from',
  resize: 'resize of',
  'set-properties': 'change of',
  'set-boot': 'change of the boot source of',
  rescue: 'rescue of',
  'rescue-iso': 'rescue of',
  unrescue: 'end of the rescue of',
  'unrescue-iso': 'end of the rescue of',
  rebuild: 'rebuild of',
  'add-network': 'attachment of a network to',
  'remove-network': 'detachment of a network from',
  'local-attach': 'attachment of volume',
  'local-detach': 'detachment of volume',
  start: 'start of',
  stop: 'stop of',
  reboot: 'reboot of',
};

/** `finishing the interrupted create of web1` */
export function resumedText({ flow, subject = 'an unknown server', isUndone }: ResumedOperation): string {
  return `${isUndone ? 'undoing' : 'finishing'} the interrupted ${operationWords[flow] ?? flow} ${subject}`;
}
