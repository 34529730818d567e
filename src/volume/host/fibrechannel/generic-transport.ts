import { describeError, lunFromCinder, lunFromLinux, lunToCinder, parseLun } from '../../../base/index.ts';
import type { Lun, Waiting } from '../../../base/index.ts';
import { betweenFabrics, isBetweenFabrics } from '../../index.ts';
import type { HostSystem } from '../system.ts';
import { listFcPorts, listRemotePorts, scanLun } from './fc-ports.ts';
import type { FcPort, RemotePort } from './fc-ports.ts';
import { pairOf } from './scsi-disks.ts';
import type { LunAddress } from './scsi-disks.ts';
import type { AskProblem, AskRound, FcTransport } from './transport.ts';

interface Known extends LunAddress {
  readonly remote: RemotePort | undefined;
}

/** Up to this number, both interpretations of Cinder's value are the same. */
const MAX_SINGLE_LEVEL = 0xffff;

/** The transport of every Fibre Channel driver except zfcp: the SCSI midlayer scans by `channel target lun`. */
export class GenericTransport implements FcTransport {
  readonly #system: HostSystem;

  constructor(system: HostSystem) {
    this.#system = system;
  }

  async listPorts(): Promise<readonly FcPort[]> {
    return await listFcPorts(this.#system);
  }

  /** Does nothing: the drivers of PCI adapters start their ports themselves. */
  async prepare(): Promise<readonly string[]> {
    return [];
  }

  /**
   * Reads the LUN as os-brick's generic connector does: a number above 0xffff is Linux's, with the first level in its low
   * word. On s390x the same number means the first four bytes of the FCP LUN. Source: os-brick initiator/linuxscsi.py and
   * connectors/fibre_channel_s390x.py.
   */
  lunOf(value: number | string, addressingMode: string | null | undefined): Lun {
    const lun = lunFromCinder(value, addressingMode);
    const number = typeof value === 'string' && parseLun(value) !== undefined ? undefined : lunToCinder(lun);
    return number !== undefined && number > MAX_SINGLE_LEVEL ? lunFromLinux(BigInt(number)) : lun;
  }

  /**
   * Scans for exactly this LUN at a port that knows the target. Uses wildcards only if no port knows a target, because a
   * wildcard scan also scans other targets, and never if the back end forbids it. Source: os-brick
   * initiator/linuxfc.py.
   */
  async ask(
    missing: readonly LunAddress[],
    { wanted, wildcards }: AskRound,
    waiting: Waiting,
  ): Promise<readonly AskProblem[]> {
    const known = await this.#lookUp(missing);
    const all = await this.#lookUp(wanted);
    const isAnyKnown = all.some(({ remote }) => remote?.targetId !== undefined);
    const seen = all.filter(({ remote }) => remote !== undefined).map(pairOf);
    const problems: AskProblem[] = [];
    const asked = new Set<string>();
    for (const address of known) {
      const { channel, targetId } = address.remote ?? {};
      const place = targetId === undefined ? { channel: '-', targetId: '-' } : { channel: channel ?? '0', targetId };
      const key = `${address.port.scsiHost} ${place.channel} ${place.targetId} ${address.lun}`;
      if (targetId === undefined) {
        const forbidden = isAnyKnown || wildcards.isAllowed ? '' : '; the back end forbids a scan of all targets';
        const isExpected = address.remote === undefined && isBetweenFabrics(pairOf(address), seen);
        const reason = isExpected ? betweenFabrics : `${unknownTarget(address.remote)}${forbidden}`;
        problems.push({ address, reason, mayStillCome: !isAnyKnown, isExpected });
      }
      if (asked.has(key) || (targetId === undefined && (isAnyKnown || !wildcards.isAllowed))) continue;
      asked.add(key);
      if (targetId === undefined) wildcards.ports.push(address.port);
      const problem = await this.#scan(address, place, waiting);
      if (problem !== undefined) problems.push(problem);
    }
    return problems;
  }

  async isRegistered(): Promise<boolean> {
    return false; // these drivers register only the SCSI device
  }

  async unregister(): Promise<void> {
    // nothing is registered
  }

  async #lookUp(addresses: readonly LunAddress[]): Promise<readonly Known[]> {
    const remotes = new Map<string, readonly RemotePort[]>();
    for (const { port } of addresses) {
      if (!remotes.has(port.scsiHost)) remotes.set(port.scsiHost, await listRemotePorts(this.#system, port));
    }
    return addresses.map((address) => ({
      ...address,
      remote: remotes.get(address.port.scsiHost)?.find(({ targetWwpn }) => targetWwpn === address.targetWwpn),
    }));
  }

  async #scan(
    address: LunAddress,
    place: { readonly channel: string; readonly targetId: string },
    waiting: Waiting,
  ): Promise<AskProblem | undefined> {
    try {
      await scanLun(this.#system, address, place, waiting);
      return undefined;
    } catch (error) {
      waiting.signal.throwIfAborted();
      return { address, reason: `the SCSI host refused to scan: ${describeError(error)}`, mayStillCome: false };
    }
  }
}

function unknownTarget(remote: RemotePort | undefined): string {
  return remote === undefined
    ? 'the target port is not known to this port (zoning, or it is not logged in)'
    : `the target port has no SCSI target number (${remote.portState})`;
}
