import { z } from 'zod';
import { lunSchema, wwpnSchema } from '../base/index.ts';
import type { Waiting, Wwpn } from '../base/index.ts';
import type { UpdatePartition } from '../hmc-client/index.ts';
import type { PartitionOwner } from './naming.ts';
import type { PartitionRef } from './lifecycle.ts';

/** One initiator port of a partition, whichever kind of machine it is on. Plain JSON: it is journaled. */
export const initiatorSchema = z.object({
  wwpn: wwpnSchema,
  /** Four hex digits, once the partition has the port. */
  deviceNumber: z.string().nullable(),
  /** vHBA, or virtual storage resource; null before the partition has it. */
  elementUri: z.string().nullable(),
  adapterPortUri: z.string().nullable(),
});
export type Initiator = z.infer<typeof initiatorSchema>;

/** One way from the partition to a LUN. */
export const volumePathSchema = z.object({
  initiatorWwpn: wwpnSchema,
  targetWwpn: wwpnSchema,
  lun: lunSchema,
  deviceNumber: z.string().nullable(),
});
export type VolumePath = z.infer<typeof volumePathSchema>;

/** A volume that is, or is to be, a partition's. Plain JSON. */
export const exposedVolumeSchema = z.object({
  volumeId: z.string(),
  isBoot: z.boolean(),
  /** In boot order. */
  paths: z.array(volumePathSchema),
  /** Storage volume element on machines with storage groups; null with vHBAs. */
  storageVolumeUri: z.string().nullable(),
});
export type ExposedVolume = z.infer<typeof exposedVolumeSchema>;

/** What the storage of an instance needs to know before anything exists. */
export interface VolumeRequest {
  readonly volumeId: string;
  readonly sizeGib: number;
  readonly isBoot: boolean;
}

/** What must be known to expose a volume whose LUN Cinder has mapped. */
export interface ExposeRequest extends VolumeRequest {
  readonly paths: readonly { initiatorWwpn: Wwpn; targetWwpn: Wwpn; lun: ExposedVolume['paths'][number]['lun'] }[];
  /** Page 83 identifier where the back end tells it. */
  readonly naa: string | undefined;
}

/**
 * How a partition gets at LUNs: vHBAs on a z13, storage groups since z14. The flows know only this.
 *
 * Every method is safe to call twice, and the ones that take away succeed when there is nothing left.
 */
export interface PartitionStorage {
  readonly model: 'hba' | 'storage-group';
  /** Makes what exists before the partition does (a storage group). */
  allocate(owner: PartitionOwner, volumes: readonly VolumeRequest[], w: Waiting): Promise<void>;
  deallocate(owner: PartitionOwner, w: Waiting): Promise<void>;
  /** Gives the partition its ports. @returns them in the order of the configured adapter ports */
  bind(owner: PartitionOwner, partition: PartitionRef, w: Waiting): Promise<readonly Initiator[]>;
  unbind(owner: PartitionOwner, partition: PartitionRef, w: Waiting): Promise<void>;
  /** The ports that the instance has now; empty when there are none. Changes nothing. */
  initiators(owner: PartitionOwner, partition: PartitionRef | undefined, w: Waiting): Promise<readonly Initiator[]>;
  /** Makes volumes that Cinder has mapped the partition's. */
  expose(
    owner: PartitionOwner,
    partition: PartitionRef,
    volumes: readonly ExposeRequest[],
    w: Waiting,
  ): Promise<readonly ExposedVolume[]>;
  /** Takes volumes away again, from the HMC's point of view. */
  conceal(
    owner: PartitionOwner,
    partition: PartitionRef | undefined,
    volumes: readonly Pick<ExposedVolume, 'volumeId' | 'storageVolumeUri'>[],
    w: Waiting,
  ): Promise<void>;
  /** The boot properties that load from this volume over this path. */
  bootProperties(volume: ExposedVolume, path: VolumePath, initiators: readonly Initiator[]): UpdatePartition;
}
