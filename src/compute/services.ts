import type { Logger, Waiting } from '../base/index.ts';
import type { CinderClient, VolumeConnections } from '../cinder-client/index.ts';
import type { LocalVolumeStore } from './local/index.ts';
import type { FlowServices, Journal } from './journal/index.ts';
import type { BlockDeviceInfo, ComputeDriver, Instance, PartitionRecords, RequestContext } from '../virt/index.ts';
import type { BlockDevice, InstanceRecord, InstanceStore } from './instances.ts';
import type { Ownership } from './ownership.ts';

/** What the manager's parts work with. */
export interface ManagerServices {
  readonly host: string;
  readonly store: InstanceStore;
  readonly localStore: LocalVolumeStore;
  /** The driver's, from which the ports of partitions are known that are no more. */
  readonly partitionRecords: Pick<PartitionRecords, 'find' | 'list'>;
  readonly journal: Journal;
  readonly driver: ComputeDriver;
  readonly cinder: CinderClient;
  readonly connections: (w: Waiting) => Promise<VolumeConnections>;
  /**
   * Attachments carry the instance's UUID only where a service token goes along: Cinder guards such an attachment and
   * refuses its deletion to anyone else (observed with Cinder 21.3.1; CVE-2023-2088).
   */
  readonly namesInstances: boolean;
  /** Which process works on which instance. */
  readonly ownership: Ownership;
  /** Told when another process works on what this one wants to work on. */
  readonly onWait: ((other: string) => void) | undefined;
  readonly flows: FlowServices;
  readonly log: Logger;
}

/** Live things of one request, for the steps of the manager's flows. */
export interface ManagerDeps extends ManagerServices {
  readonly context: RequestContext;
}

/** The instance as the driver's contract wants it. */
export function toDriverInstance(record: InstanceRecord): Instance {
  return {
    uuid: record.uuid,
    name: record.name,
    host: record.host,
    flavor: { vcpus: record.vcpus, memoryMb: record.memoryMib, extraSpecs: record.extraSpecs },
  };
}

/** The mapping as the driver's contract wants it; connection_info where Cinder has mapped the volume. */
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
