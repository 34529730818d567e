import { neverAborted, toError, withDeadline } from '../../../base/index.ts';
import type { Waiting } from '../../../base/index.ts';
import type { FcConnection } from '../../index.ts';
import { setReadOnly, setWritable } from '../block-device.ts';
import type { ConnectOptions, DeviceInfo } from '../connector.ts';
import { deviceNode } from '../context.ts';
import { HostAttachError, HostConnectorError, HostDetachError } from '../errors.ts';
import { isMapReadOnly, isMultipathRunning, reloadMap } from '../multipath.ts';
import type { MultipathMap } from '../multipath.ts';
import { writeIfThere } from '../system.ts';
import { attempt, lookUntil } from '../waiting.ts';
import { discover } from './discovery.ts';
import type { FcContext, WildcardScans } from './transport.ts';
import { identityOf, removeStale } from './identity.ts';
import { chooseDevice } from './device-choice.ts';
import { awaitMap } from './map-assembly.ts';
import { removeDisks } from './rollback.ts';
import { describeAddress, without } from './scsi-disks.ts';
import { removeStrangers } from './strangers.ts';
import type { LunAddress, ScsiDisk } from './scsi-disks.ts';
import { disksAt, survey, wantedAddresses } from './volume-on-host.ts';
import type { Presence } from './volume-on-host.ts';

/**
 * Makes a mapped volume appear on this host. After a failure or a cancellation, removes the devices again, in the order of
 * a detach. This rollback has a deadline of its own.
 */
export async function attach(
  context: FcContext,
  connection: FcConnection,
  options: ConnectOptions,
): Promise<DeviceInfo> {
  await requireMultipath(context, options);
  const unusableDevices = await context.transport.prepare(options);
  const wanted = await wantedAddresses(context, connection);
  const before = await survey(context, wanted);
  const work = new HostAttach(context, connection, wanted, unusableDevices);
  try {
    return await work.bringUp(before, options);
  } catch (error) {
    throw await work.rollBack(before, toError(error));
  }
}

/** @throws HostConnectorError before anything is changed */
async function requireMultipath(context: FcContext, waiting: Waiting): Promise<void> {
  if (!context.enforceMultipath || (await isMultipathRunning(context, waiting))) return;
  throw new HostConnectorError('multipath is required, but multipathd does not answer on this host');
}

/** One attach of a volume to this host. Remembers what its rollback needs. */
class HostAttach {
  readonly #context: FcContext;
  readonly #connection: FcConnection;
  readonly #wanted: readonly LunAddress[];
  readonly #warnings: string[];
  /** Devices that this attach made read-only; the rollback makes them writable. */
  readonly #madeReadOnly: string[] = [];
  readonly #wildcards: WildcardScans;
  #wwid: string | undefined;

  constructor(
    context: FcContext,
    connection: FcConnection,
    wanted: readonly LunAddress[],
    warnings: readonly string[],
  ) {
    this.#context = context;
    this.#connection = connection;
    this.#wanted = wanted;
    this.#warnings = [...connection.warnings, ...warnings];
    this.#wildcards = { isAllowed: connection.allowsWildcardScan, ports: [] };
  }

  async bringUp(before: Presence, options: ConnectOptions): Promise<DeviceInfo> {
    await removeStale(this.#context, this.#wanted, options);
    const { disks, missing } = await discover(this.#context, this.#wanted, this.#wildcards, options);
    this.#warnings.push(...missing);
    const wwid = await identityOf(this.#context, disks, this.#connection.naa, options);
    this.#wwid = wwid;
    const foreignLuns = await this.#removeForeignLuns(before, options);
    this.#warnings.push(...foreignLuns.map((what) => `a scan of all targets added a LUN of another volume: ${what}`));
    const { map, warnings } = await awaitMap(this.#context, wwid, disks, options);
    this.#warnings.push(...warnings);
    await this.#setMode(disks, map, options);
    const device = await chooseDevice(this.#context, disks, map, options);
    const identity = { scsi_wwn: wwid, ...(map === undefined ? {} : { multipath_id: map.wwid }) };
    const warned = this.#warnings.length === 0 ? {} : { warnings: this.#warnings };
    return { type: 'block', path: device, ...identity, ...warned };
  }

  /**
   * Makes the volume read-only or writable: first its paths, then its multipath map. A multipath map copies the mode of its
   * paths when multipathd loads it.
   */
  async #setMode(
    disks: readonly ScsiDisk[],
    map: MultipathMap | undefined,
    { signal, readOnly = false }: ConnectOptions,
  ): Promise<void> {
    const mustBeReadOnly = readOnly || this.#connection.isReadOnly;
    if (!mustBeReadOnly) {
      refuseReadOnly(await this.#awaitWritable(disks, { signal }));
      if (map !== undefined) await this.#awaitWritableMap(map, { signal });
      return;
    }
    const downDisks: ScsiDisk[] = [];
    for (const disk of disks.filter(({ isReadOnly }) => !isReadOnly)) {
      if (!(await this.#makeReadOnly(disk, { signal }))) downDisks.push(disk);
    }
    if (downDisks.length === disks.length) throw new HostAttachError('no path of the volume could be made read-only');
    await removeDisks(this.#context, { disks: downDisks, addresses: [] }, { signal });
    this.#warnings.push(
      ...downDisks.map(
        (disk) => `${describeAddress(disk)}: removed, because the path is down and could not be made read-only`,
      ),
    );
    if (map === undefined) return;
    this.#madeReadOnly.push(map.block);
    await setReadOnly(this.#context, map.block, { signal });
  }

  /**
   * Makes one path read-only.
   *
   * @returns false if the path is down. The caller must remove such a path: it would be writable when it comes back
   */
  async #makeReadOnly(disk: ScsiDisk, waiting: Waiting): Promise<boolean> {
    if (disk.block === undefined) return true;
    this.#madeReadOnly.push(disk.block);
    try {
      await setReadOnly(this.#context, disk.block, waiting);
      return true;
    } catch (error) {
      waiting.signal.throwIfAborted();
      const [now] = await disksAt(this.#context, [disk]);
      if (now?.state === 'running') throw error;
      return false;
    }
  }

  /**
   * Rescans read-only paths and waits until they are writable: the array may have changed the mode of the volume since the
   * kernel read it. Source: os-brick initiator/linuxfc.py.
   *
   * @returns the paths as they are at the end of the wait, writable or not
   */
  async #awaitWritable(disks: readonly ScsiDisk[], waiting: Waiting): Promise<readonly ScsiDisk[]> {
    const { system, policies } = this.#context;
    const readOnly = disks.filter(({ isReadOnly }) => isReadOnly);
    if (readOnly.length === 0) return disks;
    const failures: Error[] = []; // ignored: the rescan of a path that is down fails, and other paths may still be usable
    for (const { sysfs } of readOnly) {
      await attempt(failures, waiting, async () => await writeIfThere(system, `${sysfs}/rescan`, '1', waiting));
    }
    const look = async () => await disksAt(this.#context, readOnly);
    return await lookUntil(policies.resize, waiting, look, (seen) => seen.every(({ isReadOnly }) => !isReadOnly));
  }

  async #awaitWritableMap(map: MultipathMap, waiting: Waiting): Promise<void> {
    const { system, policies } = this.#context;
    const look = async () => await isMapReadOnly(system, map);
    if (!(await look())) return;
    await reloadMap(this.#context, map, waiting);
    if (!(await lookUntil(policies.resize, waiting, look, (isReadOnly) => !isReadOnly))) return;
    const text = `a writable volume was requested, but multipath map ${map.name} is read-only on this host`;
    throw new HostAttachError(text, { nodes: deviceNode(map.block) });
  }

  /** Removes the LUNs of other volumes that a scan has added. @returns one line for each LUN that stays */
  async #removeForeignLuns(before: Presence, waiting: Waiting): Promise<readonly string[]> {
    const scan = { before, wanted: this.#wanted, wwid: this.#wwid, ports: this.#wildcards.ports };
    return await removeStrangers(this.#context, scan, waiting);
  }

  /** @returns the error to throw: the given error, or an error that also names the devices left behind */
  async rollBack(before: Presence, error: Error): Promise<Error> {
    const { policies } = this.#context;
    try {
      await withDeadline('roll back the attach', policies.rollbackTimeoutMs, neverAborted(), async (signal) => {
        await this.#removeAddedDevices(before, { signal });
      });
      return error;
    } catch (failure) {
      const leftBehind = failure instanceof HostDetachError ? failure.leftBehind : [toError(failure).message];
      const cause = new AggregateError([error, failure], 'the attach and its rollback failed');
      const text = 'the volume was not attached, and its rollback is incomplete';
      return new HostAttachError(text, {}, { cause, leftBehind });
    }
  }

  /** Removes the devices that this attach added. Makes the devices writable again that it made read-only and that stay. */
  async #removeAddedDevices(before: Presence, waiting: Waiting): Promise<void> {
    const now = await survey(this.#context, this.#wanted, this.#wwid);
    const disks = without(now.disks, before.disks);
    const addresses = without(now.registered, before.registered);
    const kept = without(now.disks, disks).flatMap(({ block }) => block ?? []);
    const failures: Error[] = [];
    for (const block of this.#madeReadOnly.filter((each) => kept.includes(each) || each === before.map?.block)) {
      await attempt(failures, waiting, async () => await setWritable(this.#context, block, waiting));
    }
    const foreignLuns = await this.#removeForeignLuns(before, waiting);
    await removeDisks(this.#context, { disks, addresses }, waiting);
    if (foreignLuns.length > 0) throw new HostDetachError('LUNs of other volumes are left behind', foreignLuns);
    const [failure] = failures;
    if (failure !== undefined) throw failure;
  }
}

function refuseReadOnly(disks: readonly ScsiDisk[]): void {
  const readOnly = disks.filter((disk) => disk.isReadOnly).flatMap(({ block }) => block ?? []);
  if (readOnly.length === 0) return;
  const nodes = readOnly.map(deviceNode).join(', ');
  throw new HostAttachError(`a writable volume was requested, but ${nodes} is read-only on this host`, { nodes });
}
