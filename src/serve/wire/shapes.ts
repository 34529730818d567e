import { z } from 'zod';
import type { JsonValue } from '../../base/index.ts';
import type { ConnectionInfo } from '../../cinder-client/index.ts';
import type { BlockDeviceInfo, Flavor, Instance, NetworkInfo, VirtualInterface } from '../../virt/index.ts';

/*
 * Nova's objects as the bridge sends them: the names of Nova's attributes, null for None. Keys that are not listed are
 * ignored, because each release of Nova adds some.
 */

const record: z.ZodType<Readonly<Record<string, JsonValue>>> = z.record(z.string(), z.json());

/** Null and a missing key mean the same: Nova has None. */
function maybe<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined);
}

const text = maybe(z.string());
const flag = maybe(z.boolean());

/** Source: nova objects/flavor.py. */
export const flavorShape = z.object({
  name: text,
  vcpus: z.int().positive(),
  memory_mb: z.int().positive(),
  extra_specs: maybe(z.record(z.string(), z.string())),
});

/** Nova's Instance. Source: nova objects/instance.py. */
export const instanceShape = z
  .object({
    uuid: z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'expected a UUID in lower case'),
    name: text.describe("Nova's display_name"),
    hostname: text,
    host: text,
    project_id: text,
    user_id: text,
    flavor: flavorShape,
    old_flavor: maybe(flavorShape),
    new_flavor: maybe(flavorShape),
  })
  .meta({ id: 'Instance' });

/** Cinder's connection_info as Nova keeps it, with the data of the array under `data`. */
export const connectionInfoShape = z
  .looseObject({ driver_volume_type: z.string().min(1), data: record })
  .meta({ id: 'ConnectionInfo' });

const blockDevice = z.object({
  volume_id: z.string().min(1),
  volume_size: maybe(z.number().nonnegative()).describe('GiB'),
  boot_index: maybe(z.int()),
  mount_device: text,
  attachment_id: text,
  delete_on_termination: flag,
  connection_info: maybe(connectionInfoShape),
});

/** Source: nova virt/block_device.py. */
export const blockDeviceInfoShape = z
  .object({ root_device_name: text, block_device_mapping: maybe(z.array(blockDevice)) })
  .meta({ id: 'BlockDeviceInfo' });

const address = z.object({ address: z.string() });

const subnet = z.object({
  cidr: text,
  gateway: maybe(z.object({ address: text })),
  dns: maybe(z.array(address)),
  ips: maybe(z.array(address)),
});

const network = z.object({ id: text, label: text, bridge: text, subnets: maybe(z.array(subnet)), meta: maybe(record) });

/** Source: nova network/model.py, class VIF. */
export const vifShape = z
  .object({
    id: z.string().min(1),
    address: text,
    type: text,
    vnic_type: text,
    details: maybe(record),
    profile: maybe(record),
    devname: text,
    active: flag,
    preserve_on_delete: flag,
    network: maybe(network),
  })
  .meta({ id: 'VirtualInterface' });

export const networkInfoShape = z.array(vifShape);

/** Source: nova objects/image_meta.py. */
export const imageMetaShape = z
  .object({
    id: text,
    name: text,
    disk_format: text,
    properties: maybe(record),
  })
  .meta({ id: 'ImageMeta' });

type Wire<T extends z.ZodType> = z.output<T>;

export function toFlavor({
  vcpus,
  memory_mb: memoryMb,
  extra_specs: extraSpecs = {},
}: Wire<typeof flavorShape>): Flavor {
  return { vcpus, memoryMb, extraSpecs };
}

/** @param host - of the service, for an instance that has none, such as an offloaded one */
export function toInstance(wire: Wire<typeof instanceShape>, host: string): Instance {
  const { uuid, name, hostname, old_flavor: oldFlavor, new_flavor: newFlavor } = wire;
  return {
    uuid,
    name: [name, hostname].find((each) => each !== undefined && each !== '') ?? uuid,
    host: wire.host ?? host,
    flavor: toFlavor(wire.flavor),
    ...(oldFlavor && { oldFlavor: toFlavor(oldFlavor) }),
    ...(newFlavor && { newFlavor: toFlavor(newFlavor) }),
  };
}

export function toConnectionInfo(wire: Wire<typeof connectionInfoShape>): ConnectionInfo {
  return wire as ConnectionInfo; // a loose object keeps its other keys, which are JSON too
}

export function toBlockDeviceInfo(wire: Wire<typeof blockDeviceInfoShape> | null | undefined): BlockDeviceInfo | null {
  if (wire === null || wire === undefined) return null;
  return {
    rootDeviceName: wire.root_device_name ?? '',
    blockDeviceMapping: (wire.block_device_mapping ?? []).map((device) => ({
      volumeId: device.volume_id,
      sizeGib: device.volume_size ?? 0,
      // A negative index means: never boot from it. Source: nova objects/block_device.py.
      bootIndex: device.boot_index === undefined || device.boot_index < 0 ? null : device.boot_index,
      mountDevice: device.mount_device ?? '',
      attachmentId: device.attachment_id ?? null,
      deleteOnTermination: device.delete_on_termination ?? false,
      connectionInfo: device.connection_info && toConnectionInfo(device.connection_info),
    })),
  };
}

export function toVif(wire: Wire<typeof vifShape>): VirtualInterface {
  const { network: of, vnic_type: vnicType, preserve_on_delete: preserveOnDelete, active } = wire;
  return {
    id: wire.id,
    address: wire.address ?? null,
    type: wire.type ?? '',
    details: wire.details ?? {},
    profile: wire.profile ?? null,
    devname: wire.devname ?? null,
    ...(vnicType !== undefined && { vnicType }),
    ...(active !== undefined && { active }),
    ...(preserveOnDelete !== undefined && { preserveOnDelete }),
    network: {
      id: of?.id ?? '',
      label: of?.label ?? '',
      bridge: of?.bridge ?? null,
      subnets: (of?.subnets ?? []).map(({ cidr = '', gateway, dns = [], ips = [] }) => ({
        ...{ cidr, dns, ips },
        gateway: gateway?.address === undefined ? null : { address: gateway.address },
      })),
      ...(of?.meta && { meta: of.meta }),
    },
  };
}

export function toNetworkInfo(wire: Wire<typeof networkInfoShape> | null | undefined): NetworkInfo | null {
  return wire?.map(toVif) ?? null;
}
