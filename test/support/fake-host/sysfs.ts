import type { FakeHost } from './fake-host.ts';
import { isThere } from './fake-host.ts';
import { udevLun } from './model.ts';
import type { FakeAdapter, FakeDisk, FakeMap, FakeTarget } from './model.ts';
import { errno, Tree } from './tree.ts';

/**
 * The tree that this host shows now. Source of every name and format: linux drivers/s390/scsi/zfcp_sysfs.c; linux
 * drivers/scsi/scsi_transport_fc.c; s390-tools zdev.
 */
export function buildTree(host: FakeHost): Tree {
  const tree = new Tree();
  tree.text('/etc/os-release', host.distribution.osRelease);
  tree.text(host.distribution.scsiId, '');
  for (const directory of ['/sys/class/fc_host', '/sys/bus/scsi/devices', '/sys/block', '/dev/disk/by-path']) {
    tree.directory(directory);
  }
  if (host.kind === 'zfcp') addZfcp(tree, host);
  for (const adapter of host.adapters.filter(({ online }) => online)) addScsiHost(tree, host, adapter);
  for (const disk of host.disks) addDisk(tree, host, disk);
  for (const map of host.maps) addMap(tree, host, map);
  for (const directory of host.directories) tree.directory(directory);
  addProc(tree, host);
  return tree;
}

function addZfcp(tree: Tree, host: FakeHost): void {
  tree.directory('/sys/bus/ccw/drivers/zfcp');
  tree.attribute('/sys/module/zfcp/parameters/allow_lun_scan', { read: () => (host.allowLunScan ? 'Y\n' : 'N\n') });
  tree.attribute('/proc/cio_ignore', { read: () => '', write: (text) => freeDevice(host, text) });
  tree.attribute('/proc/cio_settle', { write: () => undefined });
  for (const adapter of host.adapters.filter(({ hidden }) => hidden !== true)) addFcpDevice(tree, host, adapter);
}

function freeDevice(host: FakeHost, text: string): void {
  const adapter = host.adapters.find(({ busId }) => text === `free ${busId}`);
  if (adapter !== undefined) adapter.hidden = false;
}

function addFcpDevice(tree: Tree, host: FakeHost, adapter: FakeAdapter): void {
  const { place, busId } = adapter;
  tree.link(`/sys/bus/ccw/devices/${busId}`, place);
  tree.link(`/sys/bus/ccw/drivers/zfcp/${busId}`, place);
  tree.text(`${place}/cutype`, '1731/03');
  tree.text(`${place}/availability`, adapter.availability ?? 'good');
  tree.attribute(`${place}/online`, {
    read: () => (adapter.online ? '1\n' : '0\n'),
    write: (text) => setOnline(adapter, text, place),
  });
  tree.text(`${place}/in_recovery`, '0');
  tree.text(`${place}/failed`, '0');
  if (!adapter.online) return;
  tree.attribute(`${place}/port_rescan`, { write: () => rescanPorts(adapter) });
  for (const target of adapter.targets.filter(isThere)) addPort(tree, host, adapter, target);
}

function setOnline(adapter: FakeAdapter, text: string, path: string): void {
  if ((adapter.busyTimes ?? 0) > 0) {
    adapter.busyTimes = (adapter.busyTimes ?? 0) - 1;
    throw errno('EAGAIN', path);
  }
  adapter.online = text === '1';
}

function rescanPorts(adapter: FakeAdapter): void {
  for (const target of adapter.targets) if (target.appears === 'after rescan') target.appears = 'always';
}

/** Whatever the kernel takes for a number, as 64 bits. */
function readLun(text: string, path: string): string {
  if (!/^(?:0x[0-9a-f]{1,16}|\d+)$/i.test(text)) throw errno('EINVAL', path);
  return BigInt(text).toString(16).padStart(16, '0');
}

function addPort(tree: Tree, host: FakeHost, adapter: FakeAdapter, target: FakeTarget): void {
  const port = `${adapter.place}/0x${target.wwpn}`;
  const unitOf = (lun: string): string => `${adapter.busId}/${target.wwpn}/${lun}`;
  tree.attribute(`${port}/unit_add`, {
    write: (text) => {
      const lun = readLun(text, port);
      if (host.units.has(unitOf(lun))) throw errno('EEXIST', port);
      host.units.add(unitOf(lun)); // also when the array knows no such LUN
      host.look(adapter, target, lun);
    },
  });
  tree.attribute(`${port}/unit_remove`, {
    write: (text) => {
      const lun = readLun(text, port);
      if (!host.units.delete(unitOf(lun))) throw errno('EINVAL', port);
      const disk = host.disks.find((each) => each.adapter === adapter && each.target === target && each.lun === lun);
      if (disk !== undefined) host.dropDisk(disk, 'unit_remove');
    },
  });
  for (const unit of host.units) {
    const lun = unit.startsWith(unitOf('')) ? unit.slice(unitOf('').length) : undefined;
    if (lun === undefined) continue;
    tree.attribute(`${port}/0x${lun}/failed`, { read: () => '0\n', write: () => host.look(adapter, target, lun) });
  }
}

/** The transport class prints names without leading zeros. */
function unpadded(wwn: string): string {
  return `0x${wwn.replace(/^0+/, '')}`;
}

function addScsiHost(tree: Tree, host: FakeHost, adapter: FakeAdapter): void {
  const name = `host${adapter.host}`;
  const place = `${adapter.place}/${name}`;
  tree.link(`/sys/class/fc_host/${name}`, `${place}/fc_host/${name}`);
  tree.link(`/sys/class/scsi_host/${name}`, `${place}/scsi_host/${name}`);
  const own = `${place}/fc_host/${name}`;
  tree.text(`${own}/port_name`, unpadded(adapter.wwpn));
  tree.text(`${own}/node_name`, unpadded(adapter.wwnn));
  tree.text(`${own}/port_state`, adapter.portState);
  tree.text(`${own}/port_type`, adapter.portType);
  const scan = `${place}/scsi_host/${name}/scan`;
  tree.attribute(scan, { write: (text) => scanHost(host, adapter, text, scan) });
  for (const target of adapter.targets.filter(isThere)) addRemotePort(tree, adapter, target, place);
}

function addRemotePort(tree: Tree, adapter: FakeAdapter, target: FakeTarget, place: string): void {
  const name = `rport-${adapter.host}:0-${target.id}`;
  const own = `${place}/${name}/fc_remote_ports/${name}`;
  tree.link(`/sys/class/fc_remote_ports/${name}`, own);
  tree.text(`${own}/port_name`, unpadded(target.wwpn));
  tree.text(`${own}/port_state`, target.portState ?? 'Online');
  tree.text(`${own}/scsi_target_id`, target.portState === 'Not Present' ? '-1' : `${target.id}`);
  const scsiTarget = `target${adapter.host}:0:${target.id}`;
  tree.link(`/sys/class/fc_transport/${scsiTarget}`, `${place}/${name}/${scsiTarget}/fc_transport/${scsiTarget}`);
  tree.text(`${place}/${name}/${scsiTarget}/fc_transport/${scsiTarget}/port_name`, unpadded(target.wwpn));
}

function scanHost(host: FakeHost, adapter: FakeAdapter, text: string, path: string): void {
  const match = /^(-|0) (-|\d{1,10}) (-|\d{1,16})$/.exec(text);
  const number = (part: string | undefined): number | undefined => (part === '-' ? undefined : Number(part));
  const lun = number(match?.[3]);
  if (match === null || (lun !== undefined && lun > 0xffff_ffff)) throw errno('EINVAL', path);
  host.scan(adapter, number(match[2]), lun);
}

function addDisk(tree: Tree, host: FakeHost, disk: FakeDisk): void {
  const { adapter, target, hctl, block, lun } = disk;
  const rport = `${adapter.place}/host${adapter.host}/rport-${adapter.host}:0-${target.id}`;
  const place = `${rport}/target${adapter.host}:0:${target.id}/${hctl}`;
  tree.link(`/sys/bus/scsi/devices/${hctl}`, place);
  tree.text(`${place}/type`, '0');
  tree.text(`${place}/state`, disk.state);
  tree.text(`${place}/wwid`, host.hidesIdentity ? '' : disk.wwid);
  if (host.kind === 'zfcp') {
    tree.text(`${place}/hba_id`, adapter.busId);
    tree.text(`${place}/wwpn`, `0x${target.wwpn}`);
    tree.text(`${place}/fcp_lun`, `0x${lun}`);
  }
  tree.attribute(`${place}/delete`, { write: () => host.dropDisk(disk, 'delete') });
  tree.attribute(`${place}/rescan`, { write: () => rescanDisk(host, disk) });
  addBlock(tree, host, { ...disk, place: `${place}/block/${block}`, number: `8:${disk.minor}` });
  for (const name of byPath(host, disk)) tree.link(`/dev/disk/by-path/${name}`, `/dev/${block}`);
}

function rescanDisk(host: FakeHost, disk: FakeDisk): void {
  const mask = host.maskOf(disk.adapter, disk.target, disk.lun);
  if (mask !== undefined) disk.bytes = mask.volume.bytes;
}

/** What udev's rules of this distribution name a disk. */
function byPath(host: FakeHost, { adapter, target, lun }: FakeDisk): readonly string[] {
  const bus = host.kind === 'zfcp' ? 'ccw' : 'pci';
  const platform = /\/platform\/([^/]+)\/pci/.exec(adapter.place)?.[1];
  const prefix = `${platform === undefined ? '' : `platform-${platform}-`}${bus}-${adapter.busId}`;
  const systemd = `${prefix}-fc-0x${target.wwpn}-${udevLun(lun)}`;
  const compat = `ccw-${adapter.busId}-zfcp-0x${target.wwpn}:0x${lun}`;
  return host.kind === 'zfcp' && host.distribution.hasCompatNames ? [systemd, compat] : [systemd];
}

interface Block {
  readonly block: string;
  readonly place: string;
  readonly number: string;
  readonly bytes: number;
  readonly isReadOnly: boolean;
}

function addBlock(tree: Tree, host: FakeHost, { block, place, number, bytes, isReadOnly }: Block): void {
  tree.link(`/sys/block/${block}`, place);
  tree.link(`/sys/class/block/${block}`, place);
  tree.text(`${place}/dev`, number);
  tree.text(`${place}/size`, `${bytes / 512}`);
  tree.text(`${place}/ro`, isReadOnly ? '1' : '0');
  tree.directory(`${place}/holders`);
  tree.text(`/dev/${block}`, '');
  for (const map of host.maps.filter(({ slaves }) => slaves.includes(block))) {
    tree.link(`${place}/holders/${map.block}`, `/sys/devices/virtual/block/${map.block}`);
  }
}

function addMap(tree: Tree, host: FakeHost, map: FakeMap): void {
  const place = `/sys/devices/virtual/block/${map.block}`;
  addBlock(tree, host, { ...map, place, number: `253:${map.minor}` });
  tree.text(`${place}/dm/name`, map.name);
  tree.text(`${place}/dm/uuid`, map.uuid);
  tree.directory(`${place}/slaves`);
  for (const slave of map.slaves) tree.link(`${place}/slaves/${slave}`, `/sys/block/${slave}`);
  tree.link(`/dev/mapper/${map.name}`, `/dev/${map.block}`);
  tree.link(`/dev/disk/by-id/dm-uuid-${map.uuid}`, `/dev/${map.block}`);
}

function addProc(tree: Tree, host: FakeHost): void {
  const numberOf = (block: string): string => tree.read(`/sys/class/block/${block}/dev`).trim();
  const mounts = [...host.mounts].filter(([block]) => tree.has(`/sys/class/block/${block}`));
  const lines = mounts.map(
    ([block, point], index) =>
      `${40 + index} 1 ${numberOf(block)} / ${point.replaceAll(' ', '\\040')} rw,relatime shared:1 - xfs /dev/${block} rw`,
  );
  tree.text('/proc/self/mountinfo', ['22 1 0:21 / /proc rw - proc proc rw', ...lines].join('\n'));
  const swaps = [...host.swaps].map((block) => `/dev/${block} partition 1024 0 -2`);
  tree.text('/proc/swaps', ['Filename Type Size Used Priority', ...swaps].join('\n'));
  for (const [pid, { comm, node }] of host.openFiles) {
    tree.text(`/proc/${pid}/comm`, comm);
    tree.link(`/proc/${pid}/fd/3`, node);
  }
}
