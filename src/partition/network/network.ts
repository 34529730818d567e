import { createHash } from 'node:crypto';
import { ConflictError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import { isHmcError } from '../../hmc-client/errors/index.ts';
import type { CreateNic, HmcSession, Nic } from '../../hmc-client/index.ts';
import type { PartitionRef } from '../lifecycle.ts';
import { isOurElementName, nicName } from '../naming.ts';
import type { NicInGuest, NicPort, NicRequest, PartitionNetwork, PlannedNic } from '../network.ts';
import { toGuest } from './guest.ts';
import { planNics } from './plan.ts';
import type { NetworkMachine } from './plan.ts';

/** Device numbers that a NIC takes: read, write and data channel. (IBM WS API, topic "Device number constraints") */
const DEVICES_OF_NIC = 3;

/** NICs of a machine in DPM mode. */
export class DpmNetwork implements PartitionNetwork {
  readonly #hmc: HmcSession;
  readonly #machine: NetworkMachine;
  readonly #host: string;

  constructor(hmc: HmcSession, machine: NetworkMachine, host: string) {
    this.#hmc = hmc;
    this.#machine = machine;
    this.#host = host;
  }

  async plan(
    requests: readonly NicRequest[],
    otherText: string,
    w: Waiting,
    partition?: PartitionRef,
  ): Promise<readonly PlannedNic[]> {
    return await planNics(this.#hmc, this.#machine, { requests, otherText, partition }, w);
  }

  async create(
    partition: PartitionRef,
    plan: readonly PlannedNic[],
    isNew: boolean,
    w: Waiting,
    onPresent?: (portIds: ReadonlySet<string>) => void,
  ): Promise<readonly NicInGuest[]> {
    if (plan.length === 0) return [];
    const present = isNew ? [] : await this.#hmc.nics.ofPartition(partition.uri, w);
    const names = new Set(present.map(({ name }) => name));
    onPresent?.(new Set(plan.filter(({ name }) => names.has(name)).map(({ request }) => request.portId)));
    try {
      return await this.#createAll(partition, plan, present, w);
    } catch (error) {
      // An interrupted run may have created NICs, or an administrator.
      if (!isNew || !isHmcError(error, 400, 8)) throw error;
      return await this.create(partition, plan, false, w, onPresent);
    }
  }

  async remove(
    partition: PartitionRef,
    ports: readonly NicPort[],
    others: 'keep' | 'delete',
    w: Waiting,
  ): Promise<readonly string[]> {
    const isWanted = (nic: Nic) =>
      ports.some((port) => isNicOf(nic, port)) || (others === 'delete' && isOurElementName(nic.name));
    const present = await this.#hmc.nics.ofPartition(partition.uri, w);
    const unwanted = present.filter(isWanted);
    if (unwanted.length === 0) return present.map(({ deviceNumber }) => deviceNumber);
    await settleAll(unwanted.map(({ uri }) => this.#hmc.nics.delete(uri, w)));
    // The answer "gone" of an HMC is not enough: the MAC address may be given to another NIC.
    const left = await this.#hmc.nics.ofPartition(partition.uri, w);
    const kept = left.filter(isWanted).map(({ name }) => name);
    if (kept.length === 0) return left.map(({ deviceNumber }) => deviceNumber);
    const text = `partition "${partition.name}" still lists NIC ${kept.join(', ')}, which the HMC reports as deleted`;
    throw new ConflictError(text, { partition: partition.name, nics: kept });
  }

  /** In the form of the retired nova-dpm, in which networking-dpm finds its ports. Source: nova-dpm virt/dpm/vm.py. */
  #description(mac: string | null): string {
    return `OpenStack ${mac === null ? '' : `mac=${mac}, `}CPCSubset=${this.#host}`;
  }

  async #createAll(
    partition: PartitionRef,
    plan: readonly PlannedNic[],
    present: readonly Nic[],
    w: Waiting,
  ): Promise<readonly NicInGuest[]> {
    const free = freeNumbers(present);
    const numbered = plan.map((nic) => {
      const twin = present.find((each) => isNicOf(each, nic.request));
      return { nic, twin, deviceNumber: twin?.deviceNumber ?? free.next().value };
    });
    // The HMC changes a partition link by one job at a time (inferred).
    let links = Promise.resolve();
    await settleAll(
      numbered.map(async ({ nic, twin, deviceNumber }) => {
        if (twin !== undefined && isAsPlanned(twin, nic, this.#machine)) {
          await this.#name(twin, nic, w);
          return;
        }
        if (twin !== undefined) await this.#hmc.nics.delete(twin.uri, w);
        const { linkUri } = nic;
        if (linkUri === undefined) await this.#create(partition, nic, deviceNumber, w);
        else await (links = links.then(() => this.#createByLink(partition, nic, linkUri, deviceNumber, w)));
      }),
    );
    return numbered.flatMap(({ nic, deviceNumber }) => toGuest(nic, deviceNumber, this.#machine.canSetAddress));
  }

  /** The HMC gives the NIC a name; the NIC gets its own afterwards. Until then, its MAC address tells whose it is. */
  async #createByLink(
    partition: PartitionRef,
    nic: PlannedNic,
    linkUri: string,
    deviceNumber: string,
    w: Waiting,
  ): Promise<void> {
    const { vlanId } = nic.request;
    const macAddress = macOf(nic.request);
    await this.#hmc.nics.connectByLink(linkUri, partition.uri, { deviceNumber, vlanId, macAddress }, w);
    const nics = await this.#hmc.nics.ofPartition(partition.uri, w);
    const created = nics.find((each) => isNicOf(each, nic.request) && isBackedAs(each, nic));
    if (created === undefined) {
      const text = `partition "${partition.name}" has no NIC ${deviceNumber} after the change of partition link ${linkUri}`;
      throw new ConflictError(text, { partition: partition.name, link: linkUri });
    }
    await this.#name(created, nic, w);
  }

  /** Names a NIC that a partition link has created. */
  async #name({ uri, name }: Nic, nic: PlannedNic, w: Waiting): Promise<void> {
    if (name === nic.name) return;
    const description = this.#description(nic.request.macAddress);
    await this.#hmc.nics.update(uri, { name: nic.name, description }, w);
  }

  async #create(partition: PartitionRef, nic: PlannedNic, deviceNumber: string, w: Waiting): Promise<void> {
    const { macAddress, vlanId } = nic.request;
    const address = macAddress === null || !this.#machine.canSetAddress ? {} : { macAddress };
    const vlan = vlanId === null ? {} : { vlanId, vlanType: 'enforced' as const };
    const properties: CreateNic = {
      name: nic.name,
      description: this.#description(macAddress),
      deviceNumber,
      ...nic.backedBy,
      ...address,
      ...vlan,
    };
    try {
      await this.#hmc.nics.create(partition.uri, properties, w);
    } catch (error) {
      if (!isHmcError(error, 409) || isHmcError(error, 409, 1, 6)) throw error;
      const text = `the HMC refused NIC "${nic.name}" of partition "${partition.name}"`;
      throw new ConflictError(text, { partition: partition.name, nic: nic.name }, { cause: error });
    }
  }
}

/**
 * Whether a NIC is that of a port: by its name, or, before it has the name, by its MAC address. A partition link names the
 * NICs that it creates.
 */
function isNicOf({ name, macAddress }: Nic, port: NicPort): boolean {
  return name === nicName(port.portId) || (!isOurElementName(name) && macAddress === macOf(port));
}

/**
 * Returns the MAC address of a NIC that a partition link creates. If nobody has chosen one, it is made from the port, so that
 * the NIC is found after an interruption: locally administered, as those that a machine chooses.
 */
function macOf({ macAddress, portId }: NicPort): string {
  if (macAddress !== null) return macAddress;
  const digits = createHash('sha256').update(portId).digest('hex').slice(0, 10);
  return `02:${digits.match(/../g)?.join(':') ?? ''}`;
}

/** Whether an existing NIC is the one of the plan. A MAC address that the machine has chosen is as good as any. */
function isAsPlanned(nic: Nic, planned: PlannedNic, { canSetAddress }: NetworkMachine): boolean {
  const { request } = planned;
  const hasMac = !canSetAddress || request.macAddress === null || nic.macAddress === request.macAddress;
  return isBackedAs(nic, planned) && hasMac && (nic.vlanId ?? null) === request.vlanId;
}

function isBackedAs(nic: Nic, { backedBy }: PlannedNic): boolean {
  return 'virtualSwitchUri' in backedBy
    ? nic.virtualSwitchUri === backedBy.virtualSwitchUri
    : nic.networkAdapterPortUri === backedBy.networkAdapterPortUri;
}

/** Yields device numbers, from 0001 on, that leave room for the devices of a NIC. vHBAs have numbers from 8000 on. */
function* freeNumbers(present: readonly Nic[]): Generator<string, never> {
  const taken = present.map(({ deviceNumber }) => Number.parseInt(deviceNumber, 16));
  for (let number = 1; ; number += DEVICES_OF_NIC) {
    while (taken.some((other) => Math.abs(other - number) < DEVICES_OF_NIC)) number += 1;
    yield number.toString(16).padStart(4, '0');
  }
}

/** Waits for all, so that no request is in progress when the caller cleans up. @throws the first error */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
