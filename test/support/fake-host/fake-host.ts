import type { CommandResult, HostSystem } from '../../../src/volume/host/index.ts';
import { runFakeCommand } from './commands.ts';
import { FakeMultipathd } from './multipathd.ts';
import { distributions, fcpLun, isOnline, linuxNumber } from './model.ts';
import type { Distribution, FakeAdapter, FakeDisk, FakeMap, FakeMask, FakeTarget } from './model.ts';
import { buildTree } from './sysfs.ts';
import { errno } from './tree.ts';
import type { Tree } from './tree.ts';

/** What a matching write or command gets instead of its effect: an errno for writes, a result for commands. */
interface Fault {
  readonly match: RegExp;
  readonly answer: string | Partial<CommandResult>;
  times: number;
}

export interface FakeHostOptions {
  readonly kind: 'zfcp' | 'pci';
  readonly adapters: readonly FakeAdapter[];
  readonly masks: FakeMask[];
  readonly distribution?: Distribution;
  readonly platform?: string;
  readonly allowLunScan?: boolean;
  /** Does it run, and does it make maps by itself or only of paths that it is told of? */
  readonly multipathd?: FakeMultipathd['mode'];
  /** The setting find_multipaths of multipathd; greedy unless told otherwise. */
  readonly findMultipaths?: FakeMultipathd['findMultipaths'];
}

/**
 * A Linux host with Fibre Channel ports, in memory: a tree of sysfs, proc and dev that answers writes and commands as
 * kernel and tools do, and notes each of them in order. What would lose data or hit somebody else is noted in
 * {@link FakeHost.violations}, as the kernel itself allows it.
 */
export class FakeHost implements HostSystem {
  readonly platform: string;
  readonly hostname = 'lnx1';
  readonly kind: 'zfcp' | 'pci';
  readonly distribution: Distribution;
  readonly adapters: readonly FakeAdapter[];
  readonly masks: FakeMask[];
  readonly multipathd: FakeMultipathd;
  allowLunScan: boolean;
  /** sysfs tells no wwid, as where the kernel cannot read page 0x83. */
  hidesIdentity = false;
  /** Every write and command so far: `write <path> <text>`, `run <command> <arguments>`. */
  readonly log: string[] = [];
  readonly violations: string[] = [];
  disks: FakeDisk[] = [];
  maps: FakeMap[] = [];
  /** `<bus id>/<target>/<lun>` */
  readonly units = new Set<string>();
  /** Block device to mount point. */
  readonly mounts = new Map<string, string>();
  /** Empty directories, to mount something on. */
  readonly directories = new Set<string>();
  /** What blkid finds on a volume, by the volume's identity: `TYPE=ext4` and the like, a line each. */
  readonly contents = new Map<string, string>();
  readonly swaps = new Set<string>();
  /** Process to its name and the node that it has open. */
  readonly openFiles = new Map<number, { readonly comm: string; readonly node: string }>();
  readonly exclusive = new Set<string>();
  readonly #faults: Fault[] = [];
  readonly #others: { readonly match: RegExp; readonly act: () => void; times: number }[] = [];
  readonly #brief: { readonly pid: number; looks: number }[] = [];
  readonly #arriving: { readonly adapter: FakeAdapter; readonly mask: FakeMask; polls: number }[] = [];
  #tree: Tree | undefined;
  #nextDisk = 0;
  #nextMap = 0;

  constructor(options: FakeHostOptions) {
    this.kind = options.kind;
    this.platform = options.platform ?? (options.kind === 'zfcp' ? 's390x' : 'x86_64');
    this.distribution = options.distribution ?? distributions.rhel;
    this.adapters = options.adapters;
    this.masks = options.masks;
    this.allowLunScan = options.allowLunScan ?? true;
    this.multipathd = new FakeMultipathd(this, options.multipathd ?? 'by itself', options.findMultipaths ?? 'greedy');
  }

  /** Makes the next writes or commands whose line matches fail. */
  fail(match: RegExp, answer: Fault['answer'], times = Number.POSITIVE_INFINITY): void {
    this.#faults.push({ match, answer, times });
  }

  /** Somebody else acts after each of the next writes or commands whose line matches. */
  after(match: RegExp, act: () => void, times: number): void {
    this.#others.push({ match, act, times });
  }

  /**
   * A process opens a device for a moment, as udev and lvm do after each change: it is there for so many looks at it.
   * Source: os-brick initiator/linuxscsi.py, which flushes a map up to three times, 10 s and more apart.
   */
  holdBriefly(node: string, comm: string, looks: number): void {
    const pid = 9000 + this.#brief.length;
    this.#brief.push({ pid, looks });
    this.openFiles.set(pid, { comm, node });
    this.changed();
  }

  #passTime(): void {
    for (const each of this.#brief) {
      each.looks -= 1;
      if (each.looks === 0) this.openFiles.delete(each.pid);
    }
    if (this.#brief.length > 0) this.changed();
  }

  /** No more faults. */
  mend(): void {
    this.#faults.splice(0);
  }

  /** Paths, units and maps that are there now; for comparing before and after. */
  snapshot(): unknown {
    const disks = this.disks.map(({ hctl, block, wwid, isReadOnly }) => ({ hctl, block, wwid, isReadOnly }));
    const maps = this.maps.map(({ name, slaves, isReadOnly }) => ({ name, slaves: [...slaves], isReadOnly }));
    return { disks, maps, units: [...this.units].sort() };
  }

  /** A change behind everybody's back has been made to the model. */
  changed(): void {
    this.#tree = undefined;
  }

  get tree(): Tree {
    return (this.#tree ??= buildTree(this));
  }

  async exists(path: string): Promise<boolean> {
    return this.tree.has(path);
  }

  async read(path: string): Promise<string> {
    return this.tree.read(path);
  }

  async write(path: string, text: string): Promise<void> {
    const line = `write ${path} ${text}`;
    this.log.push(line);
    const fault = this.#faultFor(line);
    if (fault !== undefined) throw errno(typeof fault === 'string' ? fault : 'EIO', path);
    this.tree.write(path, text);
    this.#letOthersAct(line);
    this.changed();
  }

  async list(path: string): Promise<readonly string[]> {
    if (path === '/sys/bus/scsi/devices') this.#tick();
    const names = this.tree.list(path);
    if (path === '/proc') this.#passTime();
    return names;
  }

  async realpath(path: string): Promise<string> {
    return this.tree.realpath(path);
  }

  async isClaimed(path: string): Promise<boolean> {
    const block = this.tree.realpath(path).slice('/dev/'.length);
    if (this.isBusy(block) || this.exclusive.has(block)) return true;
    // The claim comes before the driver's open, which refuses a disk that is not online. Source: linux block/bdev.c.
    if (this.disks.some((disk) => disk.block === block && !isOnline(disk))) throw errno('ENXIO', path);
    return false;
  }

  async run(command: string, args: readonly string[]): Promise<CommandResult> {
    const line = `run ${[command, ...args].join(' ')}`;
    this.log.push(line);
    const fault = this.#faultFor(line);
    if (typeof fault === 'string') throw errno(fault, command);
    const result = fault ?? runFakeCommand(this, command, args);
    if (/^run (?:multipath -f|umount) /.test(line)) this.#passTime();
    this.#letOthersAct(line);
    this.changed();
    return { status: 0, stdout: '', stderr: '', ...result };
  }

  /** Is a block device in use by something above it? */
  isBusy(block: string): boolean {
    const isHeld = this.maps.some(({ slaves }) => slaves.includes(block));
    return isHeld || this.mounts.has(block) || this.swaps.has(block);
  }

  maskOf(adapter: FakeAdapter, target: FakeTarget, lun: string): FakeMask | undefined {
    return this.masks.find(
      (mask) => mask.initiator === adapter.wwpn && mask.target === target.wwpn && mask.lun === lun,
    );
  }

  /** Some host, target and LUN were asked for; undefined is a wildcard. */
  scan(adapter: FakeAdapter, id: number | undefined, linux: number | undefined): void {
    for (const target of adapter.targets) {
      if (id === undefined && target.appears === 'after wildcard scan') target.appears = 'always';
    }
    const answering = adapter.targets.filter((each) => isThere(each) && isLoggedIn(each));
    for (const target of answering.filter((each) => id === undefined || each.id === id)) {
      for (const mask of this.masks) {
        const isAsked = linux === undefined || mask.lun === fcpLun(linux);
        if (isAsked && this.maskOf(adapter, target, mask.lun) === mask) this.#look(adapter, target, mask);
      }
    }
  }

  look(adapter: FakeAdapter, target: FakeTarget, lun: string): void {
    const mask = this.maskOf(adapter, target, lun);
    if (mask !== undefined && isThere(target) && isLoggedIn(target)) this.#look(adapter, target, mask);
  }

  /** zfcp takes a LUN only as a unit, or with NPIV and automatic scan. */
  #look(adapter: FakeAdapter, target: FakeTarget, mask: FakeMask): void {
    const isAutomatic = this.allowLunScan && adapter.portType === 'NPIV VPORT';
    const isTaken = this.kind === 'pci' || isAutomatic || this.units.has(`${adapter.busId}/${target.wwpn}/${mask.lun}`);
    const isKnown = this.#arriving.some((each) => each.adapter === adapter && each.mask === mask);
    if (isTaken && !isKnown) this.#arriving.push({ adapter, mask, polls: mask.afterPolls ?? 0 });
    this.#arrive();
  }

  #tick(): void {
    for (const each of this.#arriving) each.polls -= 1;
    this.#arrive();
    this.multipathd.readEvents();
    this.changed();
  }

  #arrive(): void {
    for (const each of this.#arriving.filter(({ polls }) => polls <= 0)) {
      this.#arriving.splice(this.#arriving.indexOf(each), 1);
      const target = each.adapter.targets.find(({ wwpn }) => wwpn === each.mask.target);
      if (target !== undefined && this.masks.includes(each.mask)) this.addDisk(each.adapter, target, each.mask);
    }
  }

  addDisk(adapter: FakeAdapter, target: FakeTarget, { lun, volume }: FakeMask): void {
    const hctl = `${adapter.host}:0:${target.id}:${linuxNumber(lun)}`;
    if (this.disks.some((disk) => disk.hctl === hctl)) return;
    const block = `sd${letters(this.#nextDisk)}`;
    const disk: FakeDisk = {
      ...{ hctl, adapter, target, lun, block, minor: this.#nextDisk * 16, wwid: volume.wwid, bytes: volume.bytes },
      ...{ otherWwid: volume.otherWwid, state: 'running', isReadOnly: false, isDirty: false },
    };
    this.disks.push(disk);
    this.multipathd.added.push(disk);
    this.#nextDisk += 1;
    this.changed();
  }

  addMap(wwid: string, slaves: string[], bytes: number, isReadOnly: boolean): FakeMap {
    const minor = this.#nextMap;
    const name = this.distribution.hasFriendlyNames ? `mpath${letters(minor)}` : wwid;
    const map = { block: `dm-${minor}`, minor, name, wwid, uuid: `mpath-${wwid}`, slaves, bytes, isReadOnly };
    this.#nextMap += 1;
    this.maps.push({ ...map, isDirty: false });
    this.changed();
    return this.maps.at(-1)!;
  }

  /** LVM, encryption, …: something else on top of a device. */
  hold(block: string, name: string): void {
    const map = this.addMap(name, [block], 1024, false);
    this.maps[this.maps.indexOf(map)] = { ...map, name, uuid: `LVM-${name}` };
    this.changed();
  }

  /** The kernel does as it is told; whether it was right to tell it is noted. */
  dropDisk(disk: FakeDisk, how: string): void {
    if (this.isBusy(disk.block)) this.violations.push(`${how}: ${disk.block} is in use`);
    if (disk.isDirty) this.violations.push(`${how}: ${disk.block} holds data that was not written out`);
    this.disks = this.disks.filter((each) => each !== disk);
    for (const map of this.maps) {
      const index = map.slaves.indexOf(disk.block);
      if (index >= 0) map.slaves.splice(index, 1);
    }
  }

  /** The array takes the LUN away: nothing happens on the host. */
  unmap(mask: FakeMask): void {
    const isStillThere = this.disks.some((disk) => this.maskOf(disk.adapter, disk.target, disk.lun) === mask);
    if (isStillThere) this.violations.push(`unmapped while ${mask.initiator} to ${mask.target} has a device`);
    this.masks.splice(this.masks.indexOf(mask), 1);
  }

  #letOthersAct(line: string): void {
    for (const other of this.#others.filter(({ match, times }) => times > 0 && match.test(line))) {
      other.times -= 1;
      other.act();
    }
  }

  #faultFor(line: string): Fault['answer'] | undefined {
    const fault = this.#faults.find(({ match, times }) => times > 0 && match.test(line));
    if (fault === undefined) return undefined;
    fault.times -= 1;
    return fault.answer;
  }
}

/** `a` … `z`, `aa`, …: as kernel and multipath count. */
function letters(index: number): string {
  return (
    (index < 26 ? '' : letters(Math.floor(index / 26) - 1)) + String.fromCharCode('a'.charCodeAt(0) + (index % 26))
  );
}

/** Nothing is found behind a remote port that is not online. Source: linux drivers/scsi/scsi_transport_fc.c, fc_user_scan_tgt. */
function isLoggedIn({ portState = 'Online' }: FakeTarget): boolean {
  return portState === 'Online';
}

export function isThere(target: FakeTarget): boolean {
  return target.appears === 'always';
}
