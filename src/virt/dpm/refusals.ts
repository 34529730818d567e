import { DpmError } from '../../base/index.ts';

/** Why a method of Nova's contract is refused. */
export interface Refusal {
  /** Nova's exception for it, which a bridge to Nova raises. Source: nova exception.py. */
  readonly nova: string;
  /** In plain words, as the end of a sentence that begins with the name of the method. */
  readonly reason: string;
}

/** The exception of Nova's base class, which its compute manager handles for every method. */
const notImplemented = (reason: string): Refusal => ({ nova: 'NotImplementedError', reason });

const noFreeze = notImplemented('the HMC can start and stop a partition, but cannot freeze its processors');
const noSuspend = notImplemented('DPM cannot save the memory of a partition to disk');
const noMigration = notImplemented('DPM cannot move a running partition to another machine');
const noMigrationCheck: Refusal = {
  nova: 'MigrationPreCheckError',
  reason: 'DPM cannot move a running partition to another machine',
};
const noGraphics = (type: string): Refusal => ({
  nova: 'ConsoleTypeUnavailable',
  reason: `a partition has no graphics adapter, so it has no ${type} console`,
});
const noHostFiles = notImplemented('every disk of a partition is a Cinder volume: the compute host has no file of it');
const noHostPower = notImplemented(
  'other owners have partitions on the same CPC, so nova-dpm never changes the power or the state of the CPC',
);
const noGuestAgent = (nova: string): Refusal => ({ nova, reason: 'DPM has no agent in the guest' });
const noDiskCounters = notImplemented('DPM does not count the I/O of a single volume');
const noShares = notImplemented('a partition has no file system in common with the compute host');
const notDeferred = notImplemented(
  'DPM has no soft-deleted state: Nova powers the server off instead, and on again for a restore',
);
const noSnapshot = notImplemented(
  'DPM has no disk of its own that it could copy: take the snapshot of the volume in Cinder',
);

/**
 * The methods of Nova's contract that no machine in DPM mode can serve, with the reasons. The docs print them.
 *
 * @remarks Source: IBM WS API, the operations of a partition; nova virt/driver.py.
 */
export const refusals = {
  pause: noFreeze,
  unpause: noFreeze,
  suspend: noSuspend,
  resume: noSuspend,
  softDelete: notDeferred,
  restore: notDeferred,
  snapshot: noSnapshot,
  volumeSnapshotCreate: noSnapshot,
  volumeSnapshotDelete: noSnapshot,
  quiesce: noGuestAgent('InstanceQuiesceNotSupported'),
  unquiesce: noGuestAgent('InstanceQuiesceNotSupported'),
  setAdminPassword: noGuestAgent('SetAdminPasswdNotSupported'),
  swapVolume: notImplemented('DPM cannot copy a LUN to another one while the guest uses it'),
  checkCanLiveMigrateDestination: noMigrationCheck,
  checkCanLiveMigrateSource: noMigrationCheck,
  cleanupLiveMigrationDestinationCheck: noMigration,
  preLiveMigration: noMigration,
  liveMigration: noMigration,
  liveMigrationForceComplete: noMigration,
  liveMigrationAbort: noMigration,
  postLiveMigrationAtSource: noMigration,
  postLiveMigrationAtDestination: noMigration,
  checkInstanceSharedStorageLocal: noHostFiles,
  checkInstanceSharedStorageRemote: noHostFiles,
  getInstanceDiskInfo: noHostFiles,
  cacheImage: notImplemented('a partition boots from a Cinder volume, so the compute host has no cache of images'),
  getVncConsole: noGraphics('VNC'),
  getSpiceConsole: noGraphics('SPICE'),
  getMksConsole: noGraphics('MKS'),
  getAllVolumeUsage: noDiskCounters,
  blockStats: noDiskCounters,
  getHostCpuStats: notImplemented(
    'the HMC reports the use of processors in percent, but not the times and the frequency that Nova needs',
  ),
  mountShare: noShares,
  umountShare: noShares,
  hostPowerAction: noHostPower,
  hostMaintenanceMode: noHostPower,
  setHostEnabled: noHostPower,
  powerUpdateEvent: notImplemented('DPM tells nobody about a change of power: Nova polls the power state'),
  pollRebootingInstances: notImplemented('a reboot ends or fails within the call of reboot'),
} as const satisfies Record<string, Refusal>;

export type RefusedMethod = keyof typeof refusals;

/**
 * The platform cannot do what a method of Nova's contract asks for, on any machine. Nothing was changed.
 *
 * @public
 */
export class NotImplementedError extends DpmError {
  readonly code = 'NOT_IMPLEMENTED';
  /** The name of Nova's exception for this refusal: `NotImplementedError`, or a more special one. */
  readonly novaException: string;

  constructor(method: string, { nova, reason }: Refusal) {
    super(`${method}: ${reason}`, { method, nova_exception: nova });
    this.novaException = nova;
  }
}

/** The refused methods: each rejects, whatever its arguments are. */
export type RefusedMethods = Readonly<Record<RefusedMethod, (...given: readonly unknown[]) => Promise<never>>>;

/** The base class of the driver, with the refused methods. */
export const RefusingDriver = function RefusingDriver() {
  // its methods follow
} as unknown as new () => RefusedMethods;
for (const [method, refusal] of Object.entries(refusals)) {
  const refuse = () => Promise.reject(new NotImplementedError(method, refusal));
  Object.defineProperty(RefusingDriver.prototype, method, { value: refuse });
}
