import type { Logger, Waiting } from '../base/index.ts';
import type { CinderClient, VolumeConnections } from '../cinder-client/index.ts';
import type { LocalVolumeStore } from './local/index.ts';
import type { FlowServices, Journal } from './journal/index.ts';
import type {
  BlockDeviceInfo,
  ComputeDriver,
  Instance,
  NamedNetwork,
  NetworkInfo,
  PartitionRecords,
} from '../virt/index.ts';
import type { BlockDevice, InstanceNetwork, InstanceRecord, InstanceStore } from './instances.ts';
import type { Ownership } from './ownership.ts';
import type { ServedInstances } from './served-instances.ts';
import type { ServerActions } from './server-actions.ts';

/** What the parts of the manager work with. */
export interface ManagerServices {
  readonly host: string;
  readonly store: InstanceStore;
  readonly localStore: LocalVolumeStore;
  /** The driver's records: they keep the ports of partitions that no longer exist. */
  readonly partitionRecords: Pick<PartitionRecords, 'find' | 'list'>;
  /** The instances of Nova that `dpm serve` serves here. */
  readonly served: Pick<ServedInstances, 'list' | 'forget'>;
  readonly journal: Journal;
  /** The history of start, stop and reboot, which have no flow. */
  readonly actions: Pick<ServerActions, 'record' | 'endInterrupted'>;
  readonly driver: ComputeDriver;
  /** The networks of the settings. */
  readonly networks: readonly NamedNetwork[];
  readonly cinder: CinderClient;
  readonly connections: (w: Waiting) => Promise<VolumeConnections>;
  /**
   * Whether attachments carry the instance's UUID: only with a service token, since Cinder then refuses to delete the
   * attachment for anyone else (observed with Cinder 21.3.1; CVE-2023-2088).
   */
  readonly namesInstances: boolean;
  /** Which process works on which instance. */
  readonly ownership: Ownership;
  /** Called when this process has to wait for another process. */
  readonly onWait: ((other: string) => void) | undefined;
  /** Called with what the manager chose for the user, such as the boot volume. */
  readonly onNote: ((text: string) => void) | undefined;
  readonly flows: FlowServices;
  readonly log: Logger;
}

/** Returns the instance in the form of the driver's contract. */
export function toDriverInstance(record: InstanceRecord): Instance {
  return {
    uuid: record.uuid,
    name: record.name,
    host: record.host,
    flavor: { vcpus: record.vcpus, memoryMb: record.memoryMib, extraSpecs: record.extraSpecs },
  };
}

/** Returns an instance without a record. Something of it may still exist: the driver finds that by the UUID. */
export function unknownInstance(host: string, uuid: string, name = uuid): Instance {
  return { uuid, name, host, flavor: { vcpus: 1, memoryMb: 1 } };
}

/** Returns the network interfaces in the form of the driver's contract. */
export function toNetworkInfo(networks: readonly InstanceNetwork[]): NetworkInfo {
  return networks.map(({ vif }) => vif);
}

/** Returns the devices in the form of the driver's contract, with connection_info if Cinder has mapped the volume. */
export function toBlockDeviceInfo(devices: readonly BlockDevice[]): BlockDeviceInfo {
  const root = devices.find(({ bootIndex }) => bootIndex === 0);
  return {
    rootDeviceName: root?.deviceName ?? '/dev/sda',
    blockDeviceMapping: devices.map((device) => ({
      volumeId: device.volumeId,
      sizeGib: device.sizeGib,
      bootIndex: device.bootIndex,
      mountDevice: device.deviceName,
      attachmentId: device.reservation?.attachmentId ?? null,
      deleteOnTermination: device.deleteOnTermination,
      connectionInfo: device.connectionInfo ?? undefined,
    })),
  };
}
