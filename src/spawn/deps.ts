import { z } from 'zod';
import { parseWwpn } from '../base/index.ts';
import type { Waiting } from '../base/index.ts';
import type { ConnectionInfo } from '../cinder-client/index.ts';
import type { HmcSession } from '../hmc-client/index.ts';
import { exposedVolumeSchema, initiatorSchema } from '../partition/index.ts';
import type {
  Evidence,
  Initiator,
  InstancePartitions,
  PartitionLifecycle,
  PartitionOwner,
  PartitionStorage,
} from '../partition/index.ts';
import type { VolumeDriverRegistry } from '../volume/index.ts';

/** A volume of an instance, as a flow is told of it. Plain JSON. */
export const flowVolumeSchema = z.object({
  volumeId: z.string(),
  sizeGib: z.number(),
  isBoot: z.boolean(),
});
export type FlowVolume = z.infer<typeof flowVolumeSchema>;

/** Cinder's answer, loosely: extra keys are kept for the volume driver. */
export const connectionInfoSchema = z.looseObject({
  driver_volume_type: z.string(),
  data: z.record(z.string(), z.json()),
}) as unknown as z.ZodType<ConnectionInfo>; // the client's own type, which knows the same two keys

export const mappedVolumeSchema = flowVolumeSchema.extend({ connectionInfo: connectionInfoSchema });
export type MappedVolume = z.infer<typeof mappedVolumeSchema>;

export const connectedVolumeSchema = exposedVolumeSchema.extend({
  pathReason: z.string(),
  hint: z.string().optional(),
});

export const ownerSchema = z.object({ host: z.string(), instanceUuid: z.string() });
export const partitionRefSchema = z.object({ uri: z.string(), name: z.string() });
export const initiatorsSchema = z.array(initiatorSchema);

/** Live things that the steps work with; none of it enters the journal. */
export interface FlowDeps {
  readonly hmc: HmcSession;
  readonly cpcUri: string;
  readonly lifecycle: PartitionLifecycle;
  /** Decides which partition is the instance's, and keeps the record of it. */
  readonly partitions: InstancePartitions;
  readonly storage: PartitionStorage;
  readonly volumeDrivers: VolumeDriverRegistry;
  readonly boot: BootPolicy;
  /** Who asks Cinder to map the volumes to the ports: the compute manager, by way of its virtapi. */
  readonly mapper: VolumeMapper;
}

export interface BootPolicy {
  /** Paths that are tried in turn when the load does not find its LUN. */
  readonly attempts: number;
  /** Start each new partition once without a boot device, before its volumes are mapped. */
  readonly loginBeforeZoning: boolean;
}

export interface VolumeMapper {
  /** Maps every volume of the instance to these ports. */
  map(owner: PartitionOwner, initiators: readonly Initiator[], w: Waiting): Promise<readonly MappedVolume[]>;
  /** Takes back all that {@link VolumeMapper.map} made for the instance; succeeds when there is nothing. */
  unmap(owner: PartitionOwner, w: Waiting): Promise<void>;
}

/** What the mappings of volumes tell of the partition that has them: the initiators that Cinder mapped them to. */
export function evidenceOf(mapped: readonly Pick<MappedVolume, 'connectionInfo'>[]): Evidence {
  const wwpns = mapped.flatMap(({ connectionInfo }) => {
    const { initiator_target_map: map } = connectionInfo.data;
    if (map === null || typeof map !== 'object' || Array.isArray(map)) return [];
    return Object.keys(map).flatMap((text) => parseWwpn(text) ?? []);
  });
  return { wwpns, hasVolumes: mapped.length > 0 };
}
