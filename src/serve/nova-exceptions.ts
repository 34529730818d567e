import type { ErrorCode } from '../base/index.ts';

/** Codes that the service adds to those of the driver. */
export const serviceCodes = {
  INVALID_REQUEST: 400,
  AUTH: 401,
  NO_SUCH_METHOD: 404,
  METHOD_NOT_ALLOWED: 405,
  IDEMPOTENCY_MISMATCH: 409,
  CANCELED: 409,
  TOO_LARGE: 413,
  BUSY: 503,
  STOPPING: 503,
  NOT_READY: 503,
  DEADLINE: 504,
} as const;

export type ServiceCode = keyof typeof serviceCodes;

type Exceptions = Readonly<Partial<Record<ErrorCode | ServiceCode | 'other', string>>>;

const gone = { NOT_FOUND: 'InstanceNotFound' } as const;
/** Nova skips the task and asks again at its next turn. */
const notReady = { NOT_READY: 'VirtDriverNotReady', STOPPING: 'VirtDriverNotReady' } as const;
const away = { HMC_CONNECTION: 'HypervisorUnavailable', HMC_AUTH: 'HypervisorUnavailable' } as const;
const periodic = {
  ...notReady,
  HMC_CONNECTION: 'VirtDriverNotReady',
  HMC_AUTH: 'VirtDriverNotReady',
  other: 'NovaException',
} as const;
/** Another host has the same flavour, image and array. */
const hopeless = {
  CONFIG: 'BuildAbortException',
  CONNECTION_INFO: 'BuildAbortException',
  VOLUME_DRIVER: 'BuildAbortException',
  INVALID_REQUEST: 'BuildAbortException',
  CANCELED: 'BuildAbortException',
} as const;

/** Before the spawn, Nova shows the reason of this exception to the user, and of `BuildAbortException` none (nova compute/manager.py, _build_resources). */
const unacceptable = {
  ...hopeless,
  CONFIG: 'InstanceUnacceptable',
  CONNECTION_INFO: 'InstanceUnacceptable',
  VOLUME_DRIVER: 'InstanceUnacceptable',
  INVALID_REQUEST: 'InstanceUnacceptable',
} as const;

/**
 * The exception that makes Nova do the right thing, by method and code.
 *
 * - `ComputeResourcesUnavailable` and `InstanceDeployFailure` of a build: Nova tries another host, and keeps the ports of
 *   Neutron and their addresses. `BuildAbortException`: Nova gives up at once, since another host would fail in the same way
 * - `InstancePowerOffFailure` of a destroy: Nova does not release the addresses, which a guest that may still run uses. A
 *   destroy never raises `InstanceNotFound`: Nova would leave the instance in ACTIVE with its volumes
 * - `DiskNotFound` of a detach: Nova goes on, and deletes the attachment. `DeviceDetachFailed`: the volume is in use again
 * - `VirtDriverNotReady`: Nova skips the periodic task
 *
 * @remarks Source: nova compute/manager.py (`_build_resources`, `_build_and_run_instance`, `_shutdown_instance`,
 *   `update_available_resource`), virt/block_device.py (`driver_detach`); observed with Nova 26.2.2.
 */
const table: Readonly<Record<string, Exceptions>> = {
  init_host: { ...away, ...notReady, other: 'NovaException' },
  prepare_for_spawn: { ...unacceptable, other: 'ComputeResourcesUnavailable' },
  failed_spawn_cleanup: { other: 'InstanceTerminationFailure' },
  get_volume_connector: { NO_RESOURCES: 'ComputeResourcesUnavailable', other: 'VolumeAttachFailed' },
  spawn: { ...hopeless, NO_RESOURCES: 'ComputeResourcesUnavailable', other: 'InstanceDeployFailure' },
  destroy: { other: 'InstancePowerOffFailure' },
  cleanup: { other: 'InstancePowerOffFailure' },
  attach_volume: { other: 'VolumeAttachFailed' },
  detach_volume: { NOT_FOUND: 'DiskNotFound', other: 'DeviceDetachFailed' },
  extend_volume: { ...gone, other: 'ExtendVolumeNotSupported' },
  power_on: { ...gone, other: 'InstancePowerOnFailure' },
  resume_state_on_host_boot: { ...gone, other: 'InstancePowerOnFailure' },
  power_off: { ...gone, other: 'InstancePowerOffFailure' },
  reboot: { ...gone, other: 'InstanceRebootFailure' },
  get_console_output: { ...gone, CONFLICT: 'InstanceNotReady', other: 'NovaException' },
  get_serial_console: { ...gone, CONFLICT: 'InstanceNotReady', other: 'ConsoleTypeUnavailable' },
  plug_vifs: { other: 'VirtualInterfacePlugException' },
  unplug_vifs: { other: 'VirtualInterfaceUnplugException' },
  attach_interface: { other: 'InterfaceAttachFailed' },
  detach_interface: { other: 'InterfaceDetachFailed' },
  rescue: { ...gone, other: 'InstanceNotRescuable' },
  unrescue: { ...gone, other: 'NovaException' },
  trigger_crash_dump: { ...gone, CONFLICT: 'InstanceNotRunning', other: 'NovaException' },
  migrate_disk_and_power_off: { ...gone, other: 'ResizeError' },
  finish_migration: { ...gone, other: 'MigrationError' },
  confirm_migration: { other: 'MigrationError' },
  finish_revert_migration: { ...gone, other: 'MigrationError' },
  get_num_instances: periodic,
  list_instances: periodic,
  list_instance_uuids: periodic,
  get_available_nodes: periodic,
  // Of all others, which only read.
  other: { ...gone, ...away, ...notReady, other: 'NovaException' },
};

/** Returns the name of Nova's exception for a failure of a method. */
export function novaExceptionOf(method: string, code: string): string {
  const row = (Object.hasOwn(table, method) ? table[method] : undefined) ?? table.other ?? {};
  const exact = Object.entries(row).find(([name]) => name === code)?.[1];
  return exact ?? row.other ?? 'NovaException';
}

/** The methods that the table names, for tests. */
export const methodsInTable: readonly string[] = Object.keys(table).filter((name) => name !== 'other');
