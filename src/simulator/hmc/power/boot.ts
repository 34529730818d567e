import type { ProbeFailure } from '../../san/index.ts';
import type { HmcContext } from '../context.ts';
import { textOf, textsOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { testOperatingSystem } from '../rules/partition-rules.ts';
import { statusOf } from '../rules/statuses.ts';
import { resourcesOf } from '../storage/attachment.ts';
import { loadFromStorageVolume } from '../storage/boot-volume.ts';
import { wwpnOf } from '../storage/fcp-state.ts';
import { loginPortOf } from '../storage/paths.ts';

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

// MLOEVL012I and MLOPDM003I are what a good load shows (IBM's "SCSI load messages" as cited by s390 guides).
const loaderUp = 'MLOEVL012I: Machine loader up and running.';
const loaderDone = 'MLOPDM003I: Machine loader finished, moving data to final storage location.';

/** Loads what the boot properties name, as far as a simulator can: SCSI disks, mounted images and the HMC's test system. */
export function load(context: HmcContext, partition: Resource): LoadResult {
  const device = textOf(partition.props, 'boot-device');
  switch (device) {
    case 'none':
      return partition.props.type === 'ssc' ? loaded(['Secure Service Container installer']) : nothing;
    case testOperatingSystem:
      return loaded(['Test operating system']);
    case 'iso-image':
      return partition.props['boot-iso-image-name'] === null ? failed('no image is mounted') : loaded(linuxBanner);
    case 'storage-adapter':
      return loadFromAdapter(context, partition);
    case 'storage-volume':
      return loadFromStorageVolume(context, partition);
    default:
      return failed(`nothing answers as ${device}`);
  }
}

const linuxBanner = ['Linux version 6.8.0 (s390x)'];
const nothing: LoadResult = { outcome: 'nothing', messages: [] };

/** A load that ended well. */
export function loaded(banner: readonly string[] = linuxBanner): LoadResult {
  return { outcome: 'loaded', messages: [loaderUp, loaderDone, ...banner] };
}

/** A load that found nothing to run. The message's number is made up in the loader's form: IBM's list is not public (inferred). */
export function failed(problem: string): LoadResult {
  return { outcome: 'failed', messages: [loaderUp, `MLOSCS064E: ${problem}`] };
}

function loadFromAdapter(context: HmcContext, partition: Resource): LoadResult {
  const { props } = partition;
  const hba = context.model.find('hba', textOf(props, 'boot-storage-device'));
  if (hba?.parent !== partition.uri) return failed('the boot device is no vHBA of the partition');
  return loadFromPath(context, {
    initiatorWwpn: textOf(hba.props, 'wwpn'),
    adapterPortUri: textOf(hba.props, 'adapter-port-uri'),
    targetWwpn: textOf(props, 'boot-world-wide-port-name'),
    lun: textOf(props, 'boot-logical-unit-number'),
  });
}

/** Does a SCSI load over one path: the SAN decides whether it reaches a disk, and the disk whether it boots. */
export function loadFromPath(context: HmcContext, path: LoadPath): LoadResult {
  const { initiatorWwpn, adapterPortUri, targetWwpn, lun } = path;
  const fabric = context.cabling.get(adapterPortUri);
  const where = `initiator ${initiatorWwpn} target ${targetWwpn} LUN ${lun}`;
  if (fabric === undefined || !isPortUsable(context, adapterPortUri))
    return failed(`the adapter port is not usable: ${where}`);
  const probe = context.san.probe(initiatorWwpn, fabric, targetWwpn, lun);
  if (!probe.ok) return failed(`${problems[probe.reason]}: ${where}`);
  return probe.bootable ? loaded() : failed(`the disk holds no boot record: ${where}`);
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

/** Initiators of a partition with the ports they use: vHBAs, or virtual storage resources of its groups. */
export function initiatorsOf(context: HmcContext, partition: Resource): { wwpn: string; portUri: string }[] {
  const { model } = context;
  const hbas = model.childrenOf(partition, 'hba');
  const own = hbas.map(({ props }) => ({ wwpn: textOf(props, 'wwpn'), portUri: textOf(props, 'adapter-port-uri') }));
  const groups = textsOf(partition.props, 'storage-group-uris').map((uri) => model.find('storage-group', uri));
  const resources = groups.flatMap((group) => (group === undefined ? [] : groupInitiators(context, partition, group)));
  return [...own, ...resources];
}

function groupInitiators(
  context: HmcContext,
  partition: Resource,
  group: Resource,
): { wwpn: string; portUri: string }[] {
  const resources = resourcesOf(context, group, partition).filter((resource) => wwpnOf(resource) !== '');
  return resources.map((resource) => ({ wwpn: wwpnOf(resource), portUri: loginPortOf(context, group, resource) }));
}
