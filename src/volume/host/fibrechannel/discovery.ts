import type { Waiting } from '../../../base/index.ts';
import { askIdentity } from '../block-device.ts';
import { LunNotFoundError } from '../errors.ts';
import { lookUntil } from '../waiting.ts';
import { listRemotePorts, troubleOf } from './fc-ports.ts';
import { addressKey, describeAddress, without } from './scsi-disks.ts';
import type { LunAddress, ScsiDisk } from './scsi-disks.ts';
import type { AskProblem, FcContext, WildcardScans } from './transport.ts';
import { disksAt } from './volume-on-host.ts';

/**
 * Scans every address for the LUN and waits for the devices: with multipath for all devices, else for the first. Returns the
 * disks in the order of the addresses. `missing` has the reason for each address without a disk.
 *
 * @throws LunNotFoundError with all reasons, when no device appears
 */
export async function discover(
  context: FcContext,
  wanted: readonly LunAddress[],
  wildcards: WildcardScans,
  waiting: Waiting,
): Promise<{ readonly disks: readonly ScsiDisk[]; readonly missing: readonly string[] }> {
  const enough = context.useMultipath ? wanted.length : 1;
  let ready = await readyDisks(context, wanted, waiting);
  let problems: readonly AskProblem[] = [];
  for (let attempt = 1; attempt <= context.policies.scanAttempts && ready.length < enough; attempt += 1) {
    problems = await context.transport.ask(without(wanted, ready), { attempt, wanted, wildcards }, waiting);
    const hopeless = problems.filter(({ mayStillCome }) => !mayStillCome).map(({ address }) => addressKey(address));
    const mostPossible = wanted.length - new Set(hopeless).size;
    if (mostPossible === ready.length) break; // no other disk can appear
    const look = async (): Promise<readonly ScsiDisk[]> => await readyDisks(context, wanted, waiting);
    const isEnough = (seen: readonly ScsiDisk[]): boolean => seen.length >= Math.min(enough, mostPossible);
    ready = await lookUntil(context.policies.devices, waiting, look, isEnough);
  }
  const expected = problems.flatMap(({ address, isExpected = false }) => (isExpected ? [address] : []));
  const unexpected = ready.length === 0 ? wanted : without(wanted, expected);
  const missing = await reasonsOf(context, without(unexpected, ready), problems);
  if (ready.length > 0) return { disks: ready, missing: context.useMultipath ? missing : [] };
  throw new LunNotFoundError(`no path of the volume appeared: ${missing.join('; ')}`, { missing });
}

/** Returns the disks that are usable: driver bound, running, with a size and an identity. */
async function readyDisks(
  context: FcContext,
  wanted: readonly LunAddress[],
  waiting: Waiting,
): Promise<readonly ScsiDisk[]> {
  const ready: ScsiDisk[] = [];
  for (const disk of await disksAt(context, wanted)) {
    if (disk.block === undefined || disk.sizeBytes === 0 || disk.state !== 'running') continue;
    const wwid = disk.wwid ?? (await identityFromUdev(context, disk.block, waiting));
    if (wwid !== undefined) ready.push({ ...disk, wwid });
  }
  return ready;
}

/** Reads the identity with udev's tool if the kernel could not read it. */
async function identityFromUdev(context: FcContext, block: string, waiting: Waiting): Promise<string | undefined> {
  const answer = await askIdentity(context, block, waiting);
  return answer?.kind === 'told' ? answer.wwid : undefined;
}

async function reasonsOf(
  context: FcContext,
  addresses: readonly LunAddress[],
  problems: readonly AskProblem[],
): Promise<readonly string[]> {
  const unready = await disksAt(context, addresses);
  const reasons: string[] = [];
  for (const address of addresses) {
    const isHere = (each: LunAddress): boolean => addressKey(each) === addressKey(address);
    const disk = unready.find(isHere);
    const unasked = problems.find((each) => isHere(each.address))?.reason;
    const why = disk === undefined ? ((await portTrouble(context, address)) ?? unasked) : whyNotReady(disk);
    reasons.push(`${describeAddress(address)}: ${why ?? 'the LUN does not answer (masking)'}`);
  }
  return reasons;
}

/** Returns the fault of a target port that the host knows. A port fault takes precedence over a LUN fault. */
async function portTrouble({ system }: FcContext, { port, targetWwpn }: LunAddress): Promise<string | undefined> {
  const remote = (await listRemotePorts(system, port)).find((each) => each.targetWwpn === targetWwpn);
  return remote === undefined ? undefined : troubleOf(remote);
}

function whyNotReady({ block, state, sizeBytes }: ScsiDisk): string {
  if (state !== 'running') return `the device is ${state}`;
  if (block === undefined) return 'no disk driver is bound to the device';
  return sizeBytes === 0 ? 'the disk has no size' : 'the disk does not report its identity';
}
