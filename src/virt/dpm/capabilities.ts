/**
 * The capabilities of Nova's contract, with the trait by which Placement knows each; null if Nova has no trait for it.
 *
 * @remarks Source: nova virt/driver.py, `capabilities` and `CAPABILITY_TRAITS_MAP`, release 2026.1.
 */
export const traitOfCapability = {
  has_imagecache: null,
  supports_evacuate: null,
  supports_migrate_to_same_host: 'COMPUTE_SAME_HOST_COLD_MIGRATE',
  supports_attach_interface: 'COMPUTE_NET_ATTACH_INTERFACE',
  supports_device_tagging: 'COMPUTE_DEVICE_TAGGING',
  supports_tagged_attach_interface: 'COMPUTE_NET_ATTACH_INTERFACE_WITH_TAG',
  supports_tagged_attach_volume: 'COMPUTE_VOLUME_ATTACH_WITH_TAG',
  supports_extend_volume: 'COMPUTE_VOLUME_EXTEND',
  supports_multiattach: 'COMPUTE_VOLUME_MULTI_ATTACH',
  supports_trusted_certs: 'COMPUTE_TRUSTED_CERTS',
  supports_pcpus: null,
  supports_accelerators: 'COMPUTE_ACCELERATORS',
  supports_bfv_rescue: 'COMPUTE_RESCUE_BFV',
  supports_vtpm: null,
  supports_secure_boot: 'COMPUTE_SECURITY_UEFI_SECURE_BOOT',
  supports_stateless_firmware: 'COMPUTE_SECURITY_STATELESS_FIRMWARE',
  supports_socket_pci_numa_affinity: 'COMPUTE_SOCKET_PCI_NUMA_AFFINITY',
  supports_remote_managed_ports: 'COMPUTE_REMOTE_MANAGED_PORTS',
  supports_address_space_passthrough: 'COMPUTE_ADDRESS_SPACE_PASSTHROUGH',
  supports_address_space_emulated: 'COMPUTE_ADDRESS_SPACE_EMULATED',
  supports_virtio_fs: 'COMPUTE_STORAGE_VIRTIO_FS',
  supports_mem_backing_file: 'COMPUTE_MEM_BACKING_FILE',
  supports_ephemeral_encryption: 'COMPUTE_EPHEMERAL_ENCRYPTION',
  supports_ephemeral_encryption_luks: 'COMPUTE_EPHEMERAL_ENCRYPTION_LUKS',
  supports_ephemeral_encryption_plain: 'COMPUTE_EPHEMERAL_ENCRYPTION_PLAIN',
  supports_image_type_aki: 'COMPUTE_IMAGE_TYPE_AKI',
  supports_image_type_ami: 'COMPUTE_IMAGE_TYPE_AMI',
  supports_image_type_ari: 'COMPUTE_IMAGE_TYPE_ARI',
  supports_image_type_iso: 'COMPUTE_IMAGE_TYPE_ISO',
  supports_image_type_qcow2: 'COMPUTE_IMAGE_TYPE_QCOW2',
  supports_image_type_raw: 'COMPUTE_IMAGE_TYPE_RAW',
  supports_image_type_vdi: 'COMPUTE_IMAGE_TYPE_VDI',
  supports_image_type_vhd: 'COMPUTE_IMAGE_TYPE_VHD',
  supports_image_type_vhdx: 'COMPUTE_IMAGE_TYPE_VHDX',
  supports_image_type_vmdk: 'COMPUTE_IMAGE_TYPE_VMDK',
  supports_image_type_ploop: 'COMPUTE_IMAGE_TYPE_PLOOP',
} as const satisfies Record<string, string | null>;

export type Capabilities = Readonly<Record<keyof typeof traitOfCapability, boolean>>;

/** What the driver can do; every other capability is false. */
const offered: Partial<Capabilities> = {
  // Every disk is a Cinder volume: a partition of another host can boot from it.
  supports_evacuate: true,
  // The array grows the LUN; the partition needs no change.
  supports_extend_volume: true,
  supports_attach_interface: true,
  // Without it, Nova rescues no server that boots from a volume. Source: nova compute/api.py, rescue.
  supports_bfv_rescue: true,
  // Each partition has a mask of its own for the LUN.
  supports_multiattach: true,
};

const names = Object.keys(traitOfCapability) as (keyof Capabilities)[]; // Object.keys forgets the names

/** Every capability that Nova knows, and whether the driver has it. */
export const capabilities = Object.fromEntries(names.map((name) => [name, offered[name] ?? false])) as Capabilities;

/** Returns trait → whether the compute node has it. Source: nova virt/driver.py, `capabilities_as_traits`. */
export function capabilitiesAsTraits(of: Partial<Capabilities>): Readonly<Record<string, boolean>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const [trait, isOffered] = [traitOfCapability[name], of[name]];
      return trait === null || isOffered === undefined ? [] : [[trait, isOffered] as const];
    }),
  );
}
