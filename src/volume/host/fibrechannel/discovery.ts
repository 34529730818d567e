import type { Waiting } from '../../../base/index.ts';
import { askIdentity } from '../block-device.ts';
import { LunNotFoundError } from '../errors.ts';
import { lookUntil } from '../waiting.ts';
import type { FcContext } from './fc-context.ts';
import { addressKey, describeAddress } from './scsi-disks.ts';
import type { LunAddress, ScsiDisk } from './scsi-disks.ts';
import type { AskProblem } from './transport.ts';
import { disksAt } from './volume-on-host.ts';

export interface Discovery {
  /** At least one; in the order of the addresses. */
  readonly disks: readonly ScsiDisk[];
  /** Of each way that brought nothing: which, and why. */
  readonly missing: readonly string[];
}

/**
 * Has the host look for the LUN on every way, and waits for the devices: all of them where multipath wants them, else
 * the first.
 *
 * @throws LunNotFoundError saying of each way why nothing came
 */
export async function discover(
  context: FcContext,
  wanted: readonly LunAddress[],
  waiting: Waiting,
): Promise<Discovery> {
  const enough = context.useMultipath ? wanted.length : 1;
  let ready = await readyDisks(context, wanted, waiting);
  let problems: readonly AskProblem[] = [];
  for (let attempt = 1; attempt <= context.policies.scanAttempts && ready.length < enough; attempt += 1) {
    problems = await context.transport.ask(without(wanted, ready), { attempt, wanted }, waiting);
    const hopeless = problems.filter(({ mayStillCome }) => !mayStillCome).map(({ address }) => addressKey(address));
    const mostPossible = wanted.length - new Set(hopeless).size;
    if (mostPossible === ready.length) break; // what cannot even be asked for is not waited for
    const look = async (): Promise<readonly ScsiDisk[]> => await readyDisks(context, wanted, waiting);
    const isEnough = (seen: readonly ScsiDisk[]): boolean => seen.length >= Math.min(enough, mostPossible);
    ready = await lookUntil(context.policies.devices, waiting, look, isEnough);
  }
  const missing = await reasonsOf(context, without(wanted, ready), problems);
  if (ready.length > 0) return { disks: ready, missing: context.useMultipath ? missing : [] };
  throw new LunNotFoundError(`the volume came on no path: ${missing.join('; ')}`, { missing });
}

/** A disk can be used when its driver is bound, it runs, it has a size, and it has said who it is. */
async function readyDisks(
  context: FcContext,
  wanted: readonly LunAddress[],
  waiting: Waiting,
): Promise<readonly ScsiDisk[]> {
  const ready: ScsiDisk[] = [];
  for (const disk of await disksAt(context, wanted)) {
    if (disk.block === undefined || disk.sizeBytes === 0 || disk.state !== 'running') continue;
    const wwid = disk.wwid ?? (await toldIdentity(context, disk.block, waiting));
    if (wwid !== undefined) ready.push({ ...disk, wwid });
  }
  return ready;
}

/** sysfs has no identity when the kernel could not read the page that udev reads; then udev's tool decides. */
async function toldIdentity(context: FcContext, block: string, waiting: Waiting): Promise<string | undefined> {
  const answer = await askIdentity(context, block, waiting);
  return answer?.kind === 'told' ? answer.wwid : undefined;
}

function without(wanted: readonly LunAddress[], ready: readonly ScsiDisk[]): readonly LunAddress[] {
  const here = new Set(ready.map(addressKey));
  return wanted.filter((address) => !here.has(addressKey(address)));
}

async function reasonsOf(
  context: FcContext,
  addresses: readonly LunAddress[],
  problems: readonly AskProblem[],
): Promise<readonly string[]> {
  const unready = await disksAt(context, addresses);
  return addresses.map((address) => {
    const isHere = (each: LunAddress): boolean => addressKey(each) === addressKey(address);
    const disk = unready.find(isHere);
    const why = disk === undefined ? problems.find((each) => isHere(each.address))?.reason : whyNotReady(disk);
    return `${describeAddress(address)}: ${why ?? 'the LUN does not answer (masking)'}`;
  });
}

function whyNotReady({ block, state, sizeBytes }: ScsiDisk): string {
  if (state !== 'running') return `the device is ${state}`;
  if (block === undefined) return 'no disk driver has taken the device';
  return sizeBytes === 0 ? 'the disk has no size' : 'the disk does not tell its identity';
}
