import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { lunSchema, lunToLinux } from '../../src/base/index.ts';

const repository = join(import.meta.dirname, '..', '..');
const fakes = join(import.meta.dirname, 'fake');

/** A LUN as the storage shows it: FCP LUN to WWID. */
export type Luns = Readonly<Record<string, string>>;

export interface FakeTarget {
  readonly luns: Luns;
  /** Seconds until the fabric tells of it. */
  readonly late?: number;
  /** Found only by a rescan of the ports. */
  readonly unnoticed?: boolean;
}

export interface FakeDevice {
  readonly targets: Readonly<Record<string, FakeTarget>>;
  /** Default: yes. */
  readonly npiv?: boolean;
  /** Set online before the tools run. */
  readonly online?: boolean;
  /** Behind cio_ignore. */
  readonly hidden?: boolean;
  /** The first try to set it online is refused with EAGAIN. */
  readonly busyOnce?: boolean;
  readonly link?: string;
  readonly availability?: string;
}

export interface FakePartition {
  /** Boot path `<devno>:<wwpn>:<fcp lun>`; undefined is not a SCSI load. */
  readonly ipl?: string;
  readonly scpData?: string;
  readonly cmdline?: string;
  /** Default: Y. */
  readonly allowLunScan?: 'Y' | 'N';
  readonly devices: Readonly<Record<string, FakeDevice>>;
  /** Read channels of NICs; each has two more. */
  readonly nics?: readonly string[];
  /** Further files, by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Run {
  readonly status: number;
  readonly lines: readonly string[];
  readonly messages: string;
  /** Every write and command since the last run, in order. */
  readonly log: readonly string[];
}

/** The shells that can be /bin/sh of a guest. */
export const allShells = [
  ['dash', ['dash']],
  ['bash', ['bash', '--posix']],
  ['busybox', ['busybox', 'sh']],
] as const;

/** Those that this machine has. */
export const shells = allShells.filter(([, [command]]) => spawnSync(command, ['--help']).error === undefined);

/** A partition's Linux in a directory: files of the kernel, and a kernel that answers to writes. */
export class FakeGuest implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'nova-dpm-guest-'));
  readonly #shell: readonly string[];
  readonly #lib = join(this.root, '.lib');
  readonly #bin = join(this.root, '.bin');

  constructor(shell: readonly string[], partition: FakePartition) {
    this.#shell = shell;
    this.#tools();
    for (const directory of [
      'bus/ccw/devices',
      'bus/ccw/drivers/zfcp',
      'bus/ccwgroup/devices',
      'bus/scsi/devices',
      'class/block',
      'class/fc_host',
    ])
      mkdirSync(join(this.root, 'sys', directory), { recursive: true });
    mkdirSync(join(this.root, 'dev'));
    mkdirSync(join(this.root, '.known'));
    this.write('/.disks', '0\n');
    this.write('/.log', '');
    this.write('/sys/module/zfcp/parameters/allow_lun_scan', `${partition.allowLunScan ?? 'Y'}\n`);
    this.write('/sys/bus/ccwgroup/drivers/qeth/group', '');
    this.write('/proc/cio_ignore', '');
    this.write('/proc/cio_settle', '');
    this.write('/proc/swaps', 'Filename Type Size Used Priority\n');
    this.write('/proc/self/mountinfo', '22 1 0:21 / /sys rw - sysfs sysfs rw\n');
    this.#load(partition);
    Object.entries(partition.devices).forEach(([devno, device], index) => {
      this.#addDevice(devno, device, index);
    });
    for (const nic of partition.nics ?? []) this.#addNic(nic);
    for (const [path, content] of Object.entries(partition.files ?? {})) this.write(path, content);
    const online = Object.entries(partition.devices).filter(([, device]) => device.online === true);
    this.#sh([join(fakes, 'boot.sh'), ...online.map(([devno]) => devno)]);
    this.write('/.log', '');
  }

  write(path: string, content: string | Uint8Array): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8').trim();
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** The storage maps a LUN over a path. */
  map(path: string, wwid: string): void {
    const [devno = '', target = '', lun = ''] = path.split(':');
    this.write(join('.san', devno, target, lun), `${wwid} ${lunToLinux(lunSchema.parse(lun))}\n`);
  }

  unmap(path: string): void {
    rmSync(join(this.root, '.san', ...path.split(':')));
  }

  /** The paths that the kernel has devices for. */
  get paths(): readonly string[] {
    const directory = join(this.root, 'sys/bus/scsi/devices');
    const files = ['hba_id', 'wwpn', 'fcp_lun'];
    return readdirSync(directory)
      .map((name) =>
        files.map((file) =>
          readFileSync(join(directory, name, file), 'utf8')
            .trim()
            .slice(file === 'hba_id' ? 4 : 2),
        ),
      )
      .map((parts) => parts.join(':'))
      .toSorted();
  }

  /** The name of the disk of a path. */
  disk(path: string): string {
    const directory = join(this.root, 'sys/class/block');
    const found = readdirSync(directory).find((name) => {
      const device = join(realpathSync(join(directory, name)), '..', '..');
      const [devno = '', target = '', lun = ''] = path.split(':');
      return (
        existsSync(join(device, 'hba_id')) &&
        this.#is(device, 'hba_id', `0.0.${devno}`) &&
        this.#is(device, 'wwpn', `0x${target}`) &&
        this.#is(device, 'fcp_lun', `0x${lun}`)
      );
    });
    if (found === undefined) throw new Error(`there is no disk for ${path}`);
    return found;
  }

  /** A process that has a file open. */
  open(pid: number, command: string, file: string): void {
    this.write(`/proc/${pid}/comm`, `${command}\n`);
    mkdirSync(join(this.root, `proc/${pid}/fd`), { recursive: true });
    symlinkSync(file, join(this.root, `proc/${pid}/fd/7`));
  }

  /** The file that says whether the remote port of a path is there. */
  portState(path: string): string {
    const [devno = '', target = ''] = path.split(':');
    const device = `/sys/bus/ccw/devices/0.0.${devno}`;
    const host = readdirSync(join(this.root, device)).find((name) => name.startsWith('host')) ?? '';
    const ports = readdirSync(join(this.root, device, host)).filter((name) => name.startsWith('rport-'));
    const files = ports.map((port) => `${device}/${host}/${port}/fc_remote_ports/${port}`);
    return `${files.find((file) => this.read(`${file}/port_name`) === `0x${target}`) ?? ''}/port_state`;
  }

  /** A device-mapper device on top of others. */
  hold(disks: readonly string[], dm: string, name: string, uuid: string): void {
    this.write(`/sys/class/block/${dm}/dm/name`, `${name}\n`);
    this.write(`/sys/class/block/${dm}/dm/uuid`, `${uuid}\n`);
    this.write(`/sys/class/block/${dm}/dev`, `252:${dm.slice(3)}\n`);
    mkdirSync(join(this.root, `sys/class/block/${dm}/holders`), { recursive: true });
    for (const disk of disks)
      symlinkSync(join(this.root, `sys/class/block/${dm}`), join(this.root, `sys/class/block/${disk}/holders/${dm}`));
  }

  run(...args: readonly string[]): Run {
    return this.#run(join(repository, 'guest', 'dpm-guest'), args);
  }

  /** Runs the command that is installed below another root, with its library. */
  runInstalled(root: string, ...args: readonly string[]): Run {
    rmSync(this.#lib, { recursive: true });
    this.#library(join(root, 'usr', 'lib', 'dpm-guest'));
    return this.#run(join(root, 'usr', 'bin', 'dpm-guest'), args);
  }

  #run(command: string, args: readonly string[]): Run {
    const { status, stdout, stderr } = this.#sh([command, ...args]);
    const log = this.read('/.log')
      .split('\n')
      .filter((line) => line !== '');
    this.write('/.log', '');
    return { status: status ?? -1, lines: stdout.split('\n').filter((line) => line !== ''), messages: stderr, log };
  }

  /** Runs a script with the functions of the tools loaded. */
  script(text: string): string {
    this.write('/.script', `. "$DPM_GUEST_LIB/system.sh"\n. "$DPM_GUEST_LIB/parameters.sh"\n${text}`);
    const { stdout, stderr } = this.#sh([join(this.root, '.script')]);
    if (stderr !== '') throw new Error(stderr);
    return stdout;
  }

  /** The same without the fake kernel. */
  plainScript(text: string): string {
    this.write('/.script', `. ${join(repository, 'guest', 'lib', 'system.sh')}\n${text}`);
    return this.#sh([join(this.root, '.script')]).stdout;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  #is(device: string, file: string, value: string): boolean {
    return readFileSync(join(device, file), 'utf8').trim() === value;
  }

  #sh(args: readonly string[]) {
    const [command = 'sh', ...options] = this.#shell;
    return spawnSync(command, [...options, ...args], {
      encoding: 'utf8',
      env: { PATH: `${this.#bin}:/usr/bin:/bin`, DPM_GUEST_ROOT: this.root, DPM_GUEST_LIB: this.#lib },
    });
  }

  /** The real tools, with the fake kernel behind their one place for writes; and fake commands. */
  #library(from: string): void {
    cpSync(from, this.#lib, { recursive: true });
    const real = readFileSync(join(this.#lib, 'system.sh'), 'utf8');
    writeFileSync(join(this.#lib, 'system.sh'), `${real}\n${readFileSync(join(fakes, 'kernel.sh'), 'utf8')}`);
  }

  #tools(): void {
    this.#library(join(repository, 'guest', 'lib'));
    mkdirSync(this.#bin);
    for (const name of ['modprobe', 'udevadm', 'multipath', 'blockdev', 'ip', 'dd'])
      symlinkSync(join(fakes, 'command'), join(this.#bin, name));
  }

  #load({ ipl, scpData, cmdline }: FakePartition): void {
    const firmware = '/sys/firmware/ipl';
    const [devno = '', target = '', lun = ''] = ipl?.split(':') ?? [];
    this.write(`${firmware}/ipl_type`, ipl === undefined ? 'unknown\n' : 'fcp\n');
    if (ipl !== undefined) {
      this.write(`${firmware}/device`, `0.0.${devno}\n`);
      this.write(`${firmware}/wwpn`, `0x${target}\n`);
      this.write(`${firmware}/lun`, `0x${lun}\n`);
    }
    // Binary: no newline, and filled up with zeros.
    if (scpData !== undefined) this.write(`${firmware}/scp_data`, `${scpData}\0\0\0`);
    this.write('/proc/cmdline', `${cmdline ?? 'root=LABEL=root'}\n`);
  }

  #addDevice(devno: string, device: FakeDevice, index: number): void {
    const name = `0.0.${devno}`;
    const directory = `/sys/devices/css0/0.0.${index.toString(16).padStart(4, '0')}/${name}`;
    this.write(`${directory}/cutype`, '1731/03\n');
    this.write(`${directory}/online`, '0\n');
    this.write(`${directory}/availability`, `${device.availability ?? 'good'}\n`);
    this.write(`${directory}/port_rescan`, '');
    mkdirSync(join(this.root, '.hidden'), { recursive: true });
    symlinkSync(
      join(this.root, directory),
      join(this.root, device.hidden === true ? '.hidden' : 'sys/bus/ccw/devices', name),
    );
    mkdirSync(join(this.root, '.san', devno), { recursive: true });
    if (device.npiv !== false) this.write(`.san/${devno}/.npiv`, '');
    if (device.busyOnce === true) this.write(`.san/${devno}/.again`, '');
    if (device.link !== undefined) this.write(`.san/${devno}/.link`, device.link);
    for (const [target, { luns, late, unnoticed }] of Object.entries(device.targets)) {
      mkdirSync(join(this.root, '.san', devno, target), { recursive: true });
      for (const [lun, wwid] of Object.entries(luns)) this.map(`${devno}:${target}:${lun}`, wwid);
      if (late !== undefined) this.write(`.san/${devno}/${target}/.late`, `${late}\n`);
      if (unnoticed === true) this.write(`.san/${devno}/${target}/.unnoticed`, '');
    }
  }

  #addNic(first: string): void {
    for (const offset of [0, 1, 2]) {
      const devno = (Number.parseInt(first, 16) + offset).toString(16).padStart(4, '0');
      this.write(`/sys/bus/ccw/devices/0.0.${devno}/cutype`, '1731/01\n');
    }
  }
}
