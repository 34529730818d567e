import { ComputeResourcesUnavailableError } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { Cpc, HmcSession } from '../../hmc-client/index.ts';
import { mayHoldResources } from '../../partition/index.ts';
import type { DpmDriverSettings } from './settings.ts';

/** How long the free memory of the CPC stays valid, in milliseconds: several creates share one reading. */
const VALID_MS = 60_000;

/** A partition of the CPC, of any owner. */
export interface Holder {
  readonly status: string;
  readonly isOurs: boolean;
  readonly iflProcessors: number | null;
  readonly initialMemory: number | null;
  readonly processorMode: string | null;
  readonly reserveResources: boolean | undefined;
}

/** Processors and memory. */
export interface Amounts {
  readonly vcpus: number;
  readonly memoryMib: number;
}

/**
 * Returns how much of this host's share the CPC cannot provide now, because partitions of other owners hold it.
 *
 * Memory is never shared. Of the processors, only dedicated ones are held: PR/SM shares the others among all partitions.
 * The free memory that the CPC reports also counts partitions that the HMC user cannot see. Without it (z13), those that the
 * user sees count.
 */
export function heldByOthers(
  share: Amounts,
  cpc: Pick<Cpc, 'processorCountIfl' | 'storageCustomer' | 'storageCustomerAvailable'>,
  partitions: readonly Holder[],
): Amounts {
  const holders = partitions.filter(mayHoldResources);
  const sum = (of: readonly Holder[], key: 'iflProcessors' | 'initialMemory') =>
    of.reduce((total, each) => total + (each[key] ?? 0), 0);
  const [ours, others] = [holders.filter(({ isOurs }) => isOurs), holders.filter(({ isOurs }) => !isOurs)];
  const dedicated = others.filter(({ processorMode }) => processorMode === 'dedicated');
  const ifls = isKnown(cpc.processorCountIfl) ? cpc.processorCountIfl - sum(dedicated, 'iflProcessors') : Infinity;
  const free =
    freeMemory(cpc) ?? (isKnown(cpc.storageCustomer) ? cpc.storageCustomer - sum(holders, 'initialMemory') : Infinity);
  return {
    vcpus: missing(share.vcpus, ifls),
    memoryMib: missing(share.memoryMib, sum(ours, 'initialMemory') + Math.max(free, 0)),
  };
}

/** Returns the memory that no partition holds, in MiB; undefined if the CPC does not report it. */
function freeMemory({
  storageCustomer,
  storageCustomerAvailable: free,
}: Pick<Cpc, 'storageCustomer' | 'storageCustomerAvailable'>) {
  return isKnown(storageCustomer) ? free : undefined;
}

/** Whether the machine reports its size: an HMC that does not know it may send 0. */
function isKnown(size: number | undefined): size is number {
  return size !== undefined && size > 0;
}

function missing(share: number, available: number): number {
  return Math.min(share, Math.max(0, share - available));
}

const holderProperties = ['ifl-processors', 'processor-mode', 'reserve-resources'] as const;

/**
 * Checks that the CPC has processors for a partition that does not share them: dedicated processors of all owners count.
 *
 * @param wanted - the partition; its own processors do not count
 * @throws ComputeResourcesUnavailableError
 */
export async function requireDedicated(
  hmc: HmcSession,
  cpc: Pick<Cpc, 'uri' | 'name' | 'processorCountIfl'>,
  { name, vcpus }: { readonly name: string; readonly vcpus: number },
  w: Waiting,
): Promise<void> {
  if (!isKnown(cpc.processorCountIfl)) return;
  const partitions = await hmc.partitions.listDetailed(cpc.uri, {}, holderProperties, w);
  const others = partitions.filter(
    (each) => each.name !== name && each.processorMode === 'dedicated' && mayHoldResources(each),
  );
  const free = cpc.processorCountIfl - others.reduce((total, { iflProcessors }) => total + iflProcessors, 0);
  if (vcpus <= free) return;
  throw new ComputeResourcesUnavailableError(
    `${vcpus} dedicated processors are not free on CPC "${cpc.name}": its partitions, of all owners, leave ${Math.max(free, 0)}`,
    { wanted: vcpus, free, cpc: cpc.name },
  );
}

/** The free memory of a CPC, read at most once a minute. */
export class FreeMemory {
  readonly #hmc: HmcSession;
  #cpc: Cpc;
  #readAt = performance.now();

  /** @param cpc - as just read */
  constructor(hmc: HmcSession, cpc: Cpc) {
    this.#hmc = hmc;
    this.#cpc = cpc;
  }

  /** @throws ComputeResourcesUnavailableError if the CPC has less free memory than a partition needs to start */
  async require(memoryMib: number, { memoryIncrementMib }: Pick<DpmDriverSettings, 'memoryIncrementMib'>, w: Waiting) {
    const wanted = Math.ceil(memoryMib / memoryIncrementMib) * memoryIncrementMib;
    const isStale = performance.now() - this.#readAt > VALID_MS;
    const before = freeMemory(this.#cpc);
    // Memory may have been freed since.
    if (isStale || (before !== undefined && before < wanted)) await this.#read(w);
    const free = freeMemory(this.#cpc);
    if (free === undefined || wanted <= free) return;
    const { name } = this.#cpc;
    throw new ComputeResourcesUnavailableError(
      `${wanted} MiB of memory are not free on CPC "${name}": its partitions, of all owners, leave ${Math.max(free, 0)} MiB`,
      { wanted, free, cpc: name },
    );
  }

  async #read(w: Waiting): Promise<void> {
    this.#cpc = await this.#hmc.cpcs.get(this.#cpc.uri, w);
    this.#readAt = performance.now();
  }
}
