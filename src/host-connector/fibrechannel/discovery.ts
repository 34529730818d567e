import type { Waiting } from '../../base/index.ts';
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
  let ready: readonly ScsiDisk[] = (await disksAt(context, wanted)).filter(isReady);
  let problems: readonly AskProblem[] = [];
  for (let attempt = 1; attempt <= context.policies.scanAttempts && ready.length < enough; attempt += 1) {
    problems = await context.transport.ask(without(wanted, ready), { attempt, wanted }, waiting);
    const hopeless = problems.filter(({ mayStillCome }) => !mayStillCome).map(({ address }) => addressKey(address));
    const mostPossible = wanted.length - new Set(hopeless).size;
    if (mostPossible === ready.length) break; // what cannot even be asked for is not waited for
    const look = async (): Promise<readonly ScsiDisk[]> => (await disksAt(context, wanted)).filter(isReady);
    const isEnough = (seen: readonly ScsiDisk[]): boolean => seen.length >= Math.min(enough, mostPossible);
    ready = await lookUntil(context.policies.devices, waiting, look, isEnough);
  }
  const missing = without(wanted, ready).map(
    (address) => `${describeAddress(address)}: ${reasonOf(address, problems)}`,
  );
  if (ready.length > 0) return { disks: ready, missing: context.useMultipath ? missing : [] };
  throw new LunNotFoundError(`the volume came on no path: ${missing.join('; ')}`, { missing });
}

/** A disk can be used when its driver is bound, it has a size, and it has said who it is. */
function isReady({ block, sizeBytes, wwid }: ScsiDisk): boolean {
  return block !== undefined && sizeBytes > 0 && wwid !== undefined;
}

function without(wanted: readonly LunAddress[], ready: readonly ScsiDisk[]): readonly LunAddress[] {
  const here = new Set(ready.map(addressKey));
  return wanted.filter((address) => !here.has(addressKey(address)));
}

function reasonOf(address: LunAddress, problems: readonly AskProblem[]): string {
  const problem = problems.find((each) => addressKey(each.address) === addressKey(address));
  return problem?.reason ?? 'the LUN does not answer (masking)';
}
