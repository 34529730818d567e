import { describeError, formatWwpn0x, lunFromCinder } from '../../../base/index.ts';
import type { Lun, Waiting } from '../../../base/index.ts';
import { betweenFabrics, isBetweenFabrics } from '../../index.ts';
import type { PortPair } from '../../index.ts';
import type { HostContext } from '../context.ts';
import { errnoOf, readAttribute, writeIfThere } from '../system.ts';
import { attempt, lookUntil } from '../waiting.ts';
import { ccwBusId, listFcPorts, listRemotePorts, scanLun } from './fc-ports.ts';
import type { FcPort } from './fc-ports.ts';
import { addressKey, listDisks, pairOf, without } from './scsi-disks.ts';
import type { LunAddress } from './scsi-disks.ts';
import type { AskProblem, AskRound, FcTransport } from './transport.ts';
import { deviceState, normaliseBusId, notUsable, setOnline, zfcpDriver } from './zfcp-device.ts';

const allowLunScan = '/sys/module/zfcp/parameters/allow_lun_scan';
const NPIV = 'NPIV VPORT';

type Problem = Omit<AskProblem, 'address'>;

interface ZfcpTransportOptions extends HostContext {
  /** FCP devices to set online, by bus ID or device number. */
  readonly fcpDevices: readonly string[];
}

/**
 * Fibre Channel on s390x: FCP devices of the zfcp driver.
 *
 * With `allow_lun_scan` and NPIV the kernel attaches LUNs by itself, but only when it (re)discovers a remote port. A LUN
 * mapped later needs a scan of the SCSI host, and a unit must not be added. Otherwise Linux sees a LUN only as a unit of
 * a port. Source: linux drivers/s390/scsi/zfcp_scsi.c; linux
 * drivers/s390/scsi/zfcp_unit.c; feilong zvmsdk volume templates.
 */
export class ZfcpTransport implements FcTransport {
  readonly #options: ZfcpTransportOptions;

  constructor(options: ZfcpTransportOptions) {
    this.#options = { ...options, fcpDevices: options.fcpDevices.map(normaliseBusId) };
  }

  async listPorts(): Promise<readonly FcPort[]> {
    return (await listFcPorts(this.#options.system)).filter(({ busId }) => ccwBusId.test(busId));
  }

  /** Does not wait for a device whose link is down if another device is up. */
  async prepare(waiting: Waiting): Promise<readonly string[]> {
    const { fcpDevices, system, log } = this.#options;
    const states = await Promise.all(fcpDevices.map(async (busId) => await deviceState(busId, system)));
    const isAnyUp = states.includes('Online');
    const failures: Error[] = [];
    for (const [index, busId] of fcpDevices.entries()) {
      const state = states[index] ?? '';
      await attempt(failures, waiting, async () => {
        if (isAnyUp && state.startsWith('link ')) throw notUsable(busId, state);
        await setOnline(busId, this.#options, waiting);
      });
    }
    const [first] = failures;
    if (first !== undefined && failures.length === fcpDevices.length) throw first;
    for (const failure of failures)
      log.warn({ event: 'host.adapter', error: describeError(failure) }, 'an FCP device is not usable');
    return failures.map(({ message }) => message);
  }

  lunOf(value: number | string, addressingMode: string | null | undefined): Lun {
    return lunFromCinder(value, addressingMode);
  }

  /**
   * Requests one address after the other, because parallel writes gain nothing. Source: linux
   * drivers/s390/scsi/zfcp_unit.c; feilong zvmsdk volume templates.
   */
  async ask(
    missing: readonly LunAddress[],
    { attempt, wanted }: AskRound,
    waiting: Waiting,
  ): Promise<readonly AskProblem[]> {
    if (attempt === 1) await this.#awaitTargets(wanted, waiting);
    const seen = (await this.#visible(wanted)).map(pairOf);
    const problems: AskProblem[] = [];
    for (const address of missing) {
      const problem = await this.#askOne(address, seen, waiting);
      if (problem !== undefined) problems.push({ address, ...problem });
    }
    return problems;
  }

  async isRegistered(address: LunAddress): Promise<boolean> {
    return await this.#options.system.exists(unitOf(address));
  }

  /** A LUN found by automatic scan has no unit; `unit_remove` refuses it with EINVAL. */
  async unregister(address: LunAddress, waiting: Waiting): Promise<void> {
    if (!(await this.isRegistered(address))) return;
    try {
      await writeIfThere(this.#options.system, `${portOf(address)}/unit_remove`, `0x${address.lun}`, waiting);
    } catch (error) {
      const isGone = errnoOf(error) === 'EINVAL' && !(await this.isRegistered(address));
      if (!isGone) throw error;
    }
  }

  /** Waits for target ports, which the fabric's name server reports. Then rescans the adapters and waits again. */
  async #awaitTargets(addresses: readonly LunAddress[], waiting: Waiting): Promise<void> {
    const missing = await this.#waitForPorts(addresses, waiting);
    const adapters = new Set(missing.map(({ port }) => port.busId));
    for (const busId of adapters) await this.#rescanPorts(busId, waiting);
    if (missing.length > 0) await this.#waitForPorts(addresses, waiting);
  }

  /** Only logs a refusal, as os-brick does, because the volume may appear through other adapters. */
  async #rescanPorts(busId: string, waiting: Waiting): Promise<void> {
    const { system, log } = this.#options;
    try {
      await writeIfThere(system, `${zfcpDriver}/${busId}/port_rescan`, '1', waiting);
    } catch (error) {
      waiting.signal.throwIfAborted();
      const facts = { event: 'host.scan', adapter: busId, error: describeError(error) };
      log.warn(facts, 'an FCP device refuses to rescan its ports');
    }
  }

  /** @returns the addresses whose target port did not appear, except pairs of ports in different fabrics */
  async #waitForPorts(addresses: readonly LunAddress[], waiting: Waiting): Promise<readonly LunAddress[]> {
    const poll = async (): Promise<readonly LunAddress[]> => {
      const visible = await this.#visible(addresses);
      const seen = visible.map(pairOf);
      return without(addresses, visible).filter((address) => !isBetweenFabrics(pairOf(address), seen));
    };
    return await lookUntil(this.#options.policies.targetPorts, waiting, poll, (missing) => missing.length === 0);
  }

  /** Returns the addresses whose target port the kernel knows. */
  async #visible(addresses: readonly LunAddress[]): Promise<readonly LunAddress[]> {
    const { system } = this.#options;
    const seen = await Promise.all(addresses.map(async (address) => await system.exists(portOf(address))));
    return addresses.filter((_address, index) => seen[index] === true);
  }

  async #askOne(address: LunAddress, seen: readonly PortPair[], waiting: Waiting): Promise<Problem | undefined> {
    const { system } = this.#options;
    if (!(await system.exists(portOf(address)))) {
      if (isBetweenFabrics(pairOf(address), seen)) {
        return { reason: betweenFabrics, mayStillCome: false, isExpected: true };
      }
      return { reason: 'the target port is not visible (zoning)', mayStillCome: false };
    }
    try {
      if (await this.#isAutomatic(address.port)) return await this.#scan(address, waiting);
      await this.#addUnit(address, waiting);
      return undefined;
    } catch (error) {
      waiting.signal.throwIfAborted();
      return { reason: `the kernel refused the LUN: ${describeError(error)}`, mayStillCome: false };
    }
  }

  async #isAutomatic(port: FcPort): Promise<boolean> {
    return port.portType === NPIV && (await readAttribute(this.#options.system, allowLunScan)) === 'Y';
  }

  async #scan(address: LunAddress, waiting: Waiting): Promise<Problem | undefined> {
    const remotes = await listRemotePorts(this.#options.system, address.port);
    const remote = remotes.find(({ targetWwpn }) => targetWwpn === address.targetWwpn);
    if (remote?.targetId === undefined) {
      const reason = `the target port is not usable (${remote?.portState ?? 'not logged in'})`;
      return { reason, mayStillCome: remote?.portState !== 'Not Present' };
    }
    const { channel, targetId } = remote;
    await scanLun(this.#options.system, address, { channel, targetId }, waiting);
    return undefined;
  }

  /** A unit has no device if its LUN was not mapped when the unit was added. Writing 0 makes the kernel try again. */
  async #addUnit(address: LunAddress, waiting: Waiting): Promise<void> {
    const { system } = this.#options;
    try {
      if (!(await this.isRegistered(address))) {
        await system.write(`${portOf(address)}/unit_add`, `0x${address.lun}`, waiting);
        return;
      }
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    await this.#retryUnit(address, waiting);
  }

  async #retryUnit(address: LunAddress, waiting: Waiting): Promise<void> {
    const { system } = this.#options;
    const disks = await listDisks(system, [address.port]);
    if (disks.some((disk) => addressKey(disk) === addressKey(address))) return;
    await writeIfThere(system, `${unitOf(address)}/failed`, '0', waiting);
  }
}

function portOf({ port, targetWwpn }: LunAddress): string {
  return `${zfcpDriver}/${port.busId}/${formatWwpn0x(targetWwpn)}`;
}

function unitOf(address: LunAddress): string {
  return `${portOf(address)}/0x${address.lun}`;
}
