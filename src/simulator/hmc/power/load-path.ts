import type { ProbeFailure } from '../../san/index.ts';
import type { HmcContext } from '../context.ts';
import { numberOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { statusOf } from '../rules/statuses.ts';

/** How a load ended. `messages` are what the operating system messages interface shows of it. */
export interface LoadResult {
  readonly outcome: 'loaded' | 'failed' | 'nothing';
  readonly messages: readonly string[];
}

/** One path for a SCSI load. */
export interface LoadPath {
  readonly initiatorWwpn: string;
  readonly adapterPortUri: string;
  readonly targetWwpn: string;
  readonly lun: string;
}

/** Which of the boot programs on a disk is wanted: by its number, or the first that is valid. */
export type ProgramChoice = number | 'automatic';

/**
 * What the boot properties select. Where a machine has `boot-configuration`, the selector counts only if that says so
 * (zhmccli, partition update --boot-configuration, which always sends both).
 */
export function programOf({ props }: Resource): ProgramChoice {
  const selector = numberOf(props, 'boot-configuration-selector');
  const mode = props['boot-configuration'];
  return mode === undefined || mode === 'selector' ? selector : 'automatic';
}

// MLOEVL012I and MLOPDM003I are what a good load shows (IBM's "SCSI load messages" as cited by s390 guides).
const loaderUp = 'MLOEVL012I: Machine loader up and running.';
const loaderDone = 'MLOPDM003I: Machine loader finished, moving data to final storage location.';

/** What Linux says first. */
export const linuxBanner = ['Linux version 6.8.0 (s390x)'];
/** There was nothing to load. */
export const nothing: LoadResult = { outcome: 'nothing', messages: [] };

/** A load that ended well. */
export function loaded(banner: readonly string[] = linuxBanner): LoadResult {
  return { outcome: 'loaded', messages: [loaderUp, loaderDone, ...banner] };
}

/** A load that found nothing to run. The message's number is made up in the loader's form: IBM's list is not public (inferred). */
export function failed(problem: string): LoadResult {
  return { outcome: 'failed', messages: [loaderUp, `MLOSCS064E: ${problem}`] };
}

/** Does a SCSI load over one path: the SAN decides whether it reaches a disk, and the disk whether it boots. */
export function loadFromPath(context: HmcContext, path: LoadPath, choice: ProgramChoice): LoadResult {
  const { initiatorWwpn, adapterPortUri, targetWwpn, lun } = path;
  const fabric = context.cabling.get(adapterPortUri);
  const where = `initiator ${initiatorWwpn} target ${targetWwpn} LUN ${lun}`;
  if (fabric === undefined || !isPortUsable(context, adapterPortUri))
    return failed(`the adapter port is not usable: ${where}`);
  const probe = context.san.probe(initiatorWwpn, fabric, targetWwpn, lun);
  if (!probe.ok) return failed(`${problems[probe.reason]}: ${where}`);
  if (!probe.bootable) return failed(`the disk holds no boot record: ${where}`);
  return probe.programs === undefined ? loaded() : loadProgram(probe.programs, choice);
}

function loadProgram(programs: readonly number[], choice: ProgramChoice): LoadResult {
  const wanted = choice === 'automatic' ? Math.min(...programs) : choice;
  if (!programs.includes(wanted)) return failed(`the disk holds no boot program ${wanted}`);
  return loaded([...linuxBanner, `Boot program ${wanted}`]);
}

/** Whether the adapter of a port works. */
export function isPortUsable({ model }: HmcContext, portUri: string): boolean {
  const adapter = model.find('adapter', portUri.split('/storage-ports/')[0] ?? '');
  return adapter !== undefined && statusOf(adapter) === 'active';
}

const problems: Readonly<Record<ProbeFailure, string>> = {
  'no-such-target': 'the target port does not answer',
  'not-same-fabric': 'the target port does not answer',
  'not-zoned': 'the target port does not answer',
  'not-masked': 'the LUN does not answer',
  'no-such-lun': 'the LUN does not answer',
};
