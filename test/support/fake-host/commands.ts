import type { CommandResult } from '../../../src/volume/host/index.ts';
import type { FakeHost } from './fake-host.ts';
import { isOnline, multipathWwid } from './model.ts';
import type { FakeDisk, FakeMap, FakeVolume } from './model.ts';

type Answer = Partial<CommandResult>;

/** The tools that a connector uses, as far as they matter to it. Any other use of them is a failure. */
export function runFakeCommand(host: FakeHost, command: string, args: readonly string[]): Answer {
  const tool = command === host.distribution.scsiId ? 'scsi_id' : command;
  const line = [tool, ...args].join(' ');
  for (const [pattern, answer] of tools) {
    const match = pattern.exec(line);
    if (match !== null) return answer(host, match[1] ?? '');
  }
  return { status: 127, stderr: `unexpected command: ${line}` };
}

const refused = (stderr: string): Answer => ({ status: 1, stderr });

const tools: readonly (readonly [RegExp, (host: FakeHost, argument: string) => Answer])[] = [
  [/^multipathd (.+)$/, (host, request) => host.multipathd.answer(request)],
  [/^multipath -f (\S+)$/, removeMap],
  [/^blockdev --flushbufs \/dev\/(\S+)$/, flush],
  [/^blockdev --setro \/dev\/(\S+)$/, (host, block) => setReadOnly(host, block, true)],
  [/^blockdev --setrw \/dev\/(\S+)$/, (host, block) => setReadOnly(host, block, false)],
  [/^blockdev --getro \/dev\/(\S+)$/, getReadOnly],
  [/^scsi_id --page 0x83 --whitelisted --device=\/dev\/(\S+)$/, inquire],
  [/^od -An -tx1 -v \/sys\/bus\/scsi\/devices\/([^/]+)\/vpd_pg83$/, dumpDesignators],
  [/^blkid -p -o export (\S+)$/, probe],
  [/^mount ((?:-o ro )?\S+ \S+)$/, mount],
  [/^umount (\S+)$/, unmount],
  [/^dd if=\/dev\/(\S+) of=\/dev\/null bs=4096 count=1 iflag=direct$/, readBlock],
];

function device(host: FakeHost, block: string): FakeDisk | FakeMap | undefined {
  return host.disks.find((disk) => disk.block === block) ?? host.maps.find((map) => map.block === block);
}

function removeMap(host: FakeHost, name: string): Answer {
  const map = host.multipathd.findMap(name);
  if (map === undefined) return refused(`${name} is not a multipath device`);
  const isOpen = [...host.openFiles.values()].some(({ node }) => node === `/dev/${map.block}`);
  if (host.isBusy(map.block) || isOpen) return refused(`${name}: map in use`);
  if (map.isDirty) host.violations.push(`multipath -f: ${name} holds data that was not written out`);
  host.maps = host.maps.filter((each) => each !== map);
  return {};
}

/** The volume that answers on this path now, if one does. */
function volumeOf(host: FakeHost, disk: FakeDisk): FakeVolume | undefined {
  const volume = host.maskOf(disk.adapter, disk.target, disk.lun)?.volume;
  return volume?.alive === true && disk.state === 'running' ? volume : undefined;
}

function pathsOf(host: FakeHost, block: string): readonly FakeDisk[] {
  const map = host.maps.find((each) => each.block === block);
  return host.disks.filter((disk) => disk.block === block || map?.slaves.includes(disk.block) === true);
}

/** A disk that is not online cannot be opened: ENXIO. Source: linux drivers/scsi/sd.c, sd_open. */
function opened(host: FakeHost, block: string, use: (found: FakeDisk | FakeMap) => Answer): Answer {
  const found = device(host, block);
  if (found === undefined) return refused(`blockdev: cannot open /dev/${block}: No such file or directory`);
  if (!isOnline(found)) return refused(`blockdev: cannot open /dev/${block}: No such device or address`);
  return use(found);
}

function flush(host: FakeHost, block: string): Answer {
  return opened(host, block, (found) => writeOut(host, found));
}

function writeOut(host: FakeHost, found: FakeDisk | FakeMap): Answer {
  const { block } = found;
  const isAlive = pathsOf(host, block).some((disk) => volumeOf(host, disk) !== undefined);
  if (found.isDirty && !isAlive) return refused('ioctl error on BLKFLSBUF: Input/output error');
  found.isDirty = false;
  return {};
}

function setReadOnly(host: FakeHost, block: string, isReadOnly: boolean): Answer {
  return opened(host, block, (found) => {
    found.isReadOnly = isReadOnly;
    return {};
  });
}

function getReadOnly(host: FakeHost, block: string): Answer {
  return opened(host, block, ({ isReadOnly }) => ({ stdout: isReadOnly ? '1\n' : '0\n' }));
}

function inquire(host: FakeHost, block: string): Answer {
  const disk = host.disks.find((each) => each.block === block);
  const volume = disk === undefined ? undefined : volumeOf(host, disk);
  return volume === undefined ? refused('') : { stdout: `${multipathWwid({ otherWwid: undefined, ...volume })}\n` };
}

/** The page that the kernel has read when it found the device: descriptors of type NAA. Source: SPC-4, 7.8.6. */
function dumpDesignators(host: FakeHost, hctl: string): Answer {
  const disk = host.disks.find((each) => each.hctl === hctl);
  if (disk === undefined) return refused('od: No such file or directory');
  const digits = [disk.wwid.replace(/^naa\./, ''), ...(disk.otherWwid === undefined ? [] : [disk.otherWwid.slice(1)])];
  const port = '61930008500507680216041a'; // a descriptor of the target port, which is no identity of the volume
  const hex = digits.map((each) => `010300${(each.length / 2).toString(16).padStart(2, '0')}${each}`).join('') + port;
  const page = `0083${(hex.length / 2).toString(16).padStart(4, '0')}${hex}`;
  return {
    stdout: `${page
      .match(/.{1,32}/g)
      ?.map((line) => line.replaceAll(/../g, ' $&'))
      .join('\n')}\n`,
  };
}

function readBlock(host: FakeHost, block: string): Answer {
  const isReadable = pathsOf(host, block).some((disk) => volumeOf(host, disk) !== undefined);
  return isReadable ? {} : refused(`dd: error reading '/dev/${block}': Input/output error`);
}

/** blkid says 2 of a device on which it finds nothing. */
function probe(host: FakeHost, node: string): Answer {
  const block = host.tree.realpath(node).slice('/dev/'.length);
  const disk = pathsOf(host, block)[0];
  const found = disk === undefined ? undefined : host.contents.get(disk.wwid);
  return found === undefined ? { status: 2 } : { stdout: `DEVNAME=${node}\n${found}\n` };
}

function mount(host: FakeHost, args: string): Answer {
  const [point = '', node = '', option] = args.split(' ').toReversed();
  const block = host.tree.realpath(node).slice('/dev/'.length);
  if (device(host, block)?.isReadOnly === true && option !== 'ro') {
    return { status: 32, stderr: `mount: ${point}: cannot mount ${node} read-write` };
  }
  host.mounts.set(block, point);
  return {};
}

function unmount(host: FakeHost, point: string): Answer {
  const [block] = [...host.mounts].find(([, each]) => each === point) ?? [];
  if (block === undefined) return { status: 32, stderr: `umount: ${point}: not mounted.` };
  const isOpen = [...host.openFiles.values()].some(({ node }) => node.startsWith(point));
  if (isOpen) return { status: 32, stderr: `umount: ${point}: target is busy.` };
  host.mounts.delete(block);
  return {};
}
