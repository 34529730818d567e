import type { HmcContext } from '../context.ts';
import type { BootServer } from '../options.ts';
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
    case 'ftp':
    case 'ftps':
    case 'sftp':
      return loadFromServer(context, partition, device);
    case 'network-adapter':
      return loadFromNetwork(context, partition);
    case 'storage-adapter':
      return loadFromAdapter(context, partition);
    case 'storage-volume':
      return loadFromStorageVolume(context, partition);
    default:
      return failed(`nothing answers as ${device}`);
  }
}

const defaultServer: BootServer = {
  host: 'install.example.com',
  username: 'install',
  password: 'let-me-install',
  insFiles: ['/rhel/generic.ins'],
};

/** Loads from the server that the boot properties name. Every INS file on it is that of an installer. */
function loadFromServer(context: HmcContext, partition: Resource, protocol: string): LoadResult {
  const { props } = partition;
  const host = textOf(props, 'boot-ftp-host');
  const servers = context.options.bootServers ?? [defaultServer];
  const server = servers.find((each) => each.host === host);
  if (server === undefined) return failed(`the ${protocol} server ${host} does not answer`);
  const isUser = server.username === props['boot-ftp-username'] && server.password === props['boot-ftp-password'];
  if (!isUser) return failed(`the ${protocol} server ${host} refuses the user or the password`);
  const insFile = textOf(props, 'boot-ftp-insfile');
  if (!server.insFiles.includes(insFile)) return failed(`the ${protocol} server ${host} has no file ${insFile}`);
  return install(context, partition, `${protocol}://${host}${insFile}`);
}

/** Loads over a NIC: a boot server, which offers an installer, answers in every network. */
function loadFromNetwork(context: HmcContext, partition: Resource): LoadResult {
  const nic = context.model.find('nic', textOf(partition.props, 'boot-network-device'));
  if (nic?.parent !== partition.uri) return failed('the boot device is no NIC of the partition');
  return install(context, partition, `the network of ${textOf(nic.props, 'name')}`);
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
