import type { HmcContext } from '../context.ts';
import { textOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { testOperatingSystem } from '../rules/partition-rules.ts';
import { loadFromStorageVolume } from '../storage/boot-volume.ts';
import { install } from './install.ts';
import { failed, linuxBanner, loaded, loadFromPath, nothing, programOf, type LoadResult } from './load-path.ts';

/** Loads what the boot properties name, as far as a simulator can: SCSI disks, mounted images and the HMC's test system. */
export function load(context: HmcContext, partition: Resource): LoadResult {
  const device = textOf(partition.props, 'boot-device');
  switch (device) {
    case 'none':
      return partition.props.type === 'ssc' ? loaded(['Secure Service Container installer']) : nothing;
    case testOperatingSystem:
      return loaded(['Test operating system']);
    case 'iso-image':
      return loadFromImage(context, partition);
    case 'storage-adapter':
      return loadFromAdapter(context, partition);
    case 'storage-volume':
      return loadFromStorageVolume(context, partition);
    default:
      return failed(`nothing answers as ${device}`);
  }
}

/** Loads the INS file of the mounted image, which names kernel and initial file system. An installer then installs. */
function loadFromImage(context: HmcContext, partition: Resource): LoadResult {
  const image = context.images.get(partition.uri);
  const name = textOf(partition.props, 'boot-iso-image-name');
  if (image === undefined) return failed('no image is mounted');
  if (!image.isIso) return failed(`${name} is not an ISO 9660 image`);
  const insFile = textOf(partition.props, 'boot-iso-ins-file');
  const path = `/${insFile.toLowerCase().replace(/^\/+/u, '')}`;
  if (image.files?.includes(path) === false) return failed(`${name} has no file ${insFile}`);
  return image.isInstaller ? install(context, partition, name) : loaded([...linuxBanner, `Live system from ${name}`]);
}

function loadFromAdapter(context: HmcContext, partition: Resource): LoadResult {
  const { props } = partition;
  const hba = context.model.find('hba', textOf(props, 'boot-storage-device'));
  if (hba?.parent !== partition.uri) return failed('the boot device is no vHBA of the partition');
  const path = {
    initiatorWwpn: textOf(hba.props, 'wwpn'),
    adapterPortUri: textOf(hba.props, 'adapter-port-uri'),
    targetWwpn: textOf(props, 'boot-world-wide-port-name'),
    lun: textOf(props, 'boot-logical-unit-number'),
  };
  return loadFromPath(context, path, programOf(partition));
}
