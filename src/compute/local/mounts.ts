import { ConflictError, NotFoundError, RetriesExhaustedError, retry } from '../../base/index.ts';
import type { RetryPolicy, Waiting } from '../../base/index.ts';
import { HostAttachError, unescapeOctal, VolumeInUseError } from '../../volume/host/index.ts';
import type { CommandResult, HostSystem } from '../../volume/host/index.ts';

/** A line of /proc/self/mountinfo, as far as it matters here. Source: proc(5). */
interface Mount {
  readonly point: string;
  /** `8:16` */
  readonly device: string;
}

/** A mount of a slow disk may have to replay a journal first. (inferred) */
const MOUNT_TIMEOUT_MS = 300_000;
const PROBE_TIMEOUT_MS = 60_000;

/** Mounts and unmounts on a Linux host. Never formats, and never touches a mount of others. */
export class Mounts {
  readonly #system: HostSystem;
  readonly #holders: RetryPolicy;

  /** @param holders - how to retry while another process has the file system open */
  constructor(system: HostSystem, holders: RetryPolicy) {
    this.#system = system;
    this.#holders = holders;
  }

  /** Returns a directory with its links resolved. @throws NotFoundError or ConflictError when there is none */
  async realDirectory(directory: string): Promise<string> {
    if (!(await this.#system.exists(directory))) {
      const text = `mount point ${directory} does not exist; make the directory first`;
      throw new NotFoundError(text, { mountpoint: directory });
    }
    const real = await this.#system.realpath(directory);
    try {
      await this.#system.list(real);
    } catch (error) {
      throw new ConflictError(`mount point ${real} is no directory`, { mountpoint: real }, { cause: error });
    }
    return real;
  }

  /** @throws ConflictError when something is mounted on the directory */
  async requireFree(directory: string): Promise<void> {
    if (!(await this.#list()).some(({ point }) => point === directory)) return;
    const text = `mount point ${directory}: something is mounted there already`;
    throw new ConflictError(text, { mountpoint: directory });
  }

  /**
   * Mounts a device, unless it is already mounted on the directory.
   *
   * @throws HostAttachError when the device holds no file system, VolumeInUseError when the device or the directory is in use
   */
  async mount(node: string, directory: string, isReadOnly: boolean, w: Waiting): Promise<void> {
    const device = await this.#numberOf(node);
    const mounts = await this.#list();
    const elsewhere = mounts.filter((mount) => mount.device === device && mount.point !== directory);
    if (elsewhere.length > 0) throw mountedElsewhere(node, elsewhere);
    const here = mounts.findLast(({ point }) => point === directory);
    if (here !== undefined) {
      if (here.device === device) return;
      throw new VolumeInUseError(`${directory}: something else is mounted there by now`, { mountpoint: directory });
    }
    await this.#requireFileSystem(node, w);
    await this.#run('mount', [...(isReadOnly ? ['-o', 'ro'] : []), node, directory], MOUNT_TIMEOUT_MS, w);
  }

  /**
   * Unmounts a device from the directory where this program mounted it. Other mounts there stay.
   *
   * @returns whether it was mounted there
   * @throws VolumeInUseError when it is busy, or mounted elsewhere too
   */
  async unmount(node: string, directory: string, w: Waiting): Promise<boolean> {
    if (!(await this.#system.exists(node))) return false; // a missing device cannot be mounted
    const device = await this.#numberOf(node);
    const ours = (await this.#list()).filter((mount) => mount.device === device);
    const elsewhere = ours.filter(({ point }) => point !== directory);
    if (elsewhere.length > 0) throw mountedElsewhere(node, elsewhere);
    if (ours.length === 0) return false;
    const options = { what: `unmount ${directory}`, policy: this.#holders, signal: w.signal, isRetryable: isBusy };
    try {
      await retry(async () => await this.#unmountOnce(directory, w), options);
    } catch (error) {
      throw error instanceof RetriesExhaustedError ? error.cause : error;
    }
    return true;
  }

  async #unmountOnce(directory: string, w: Waiting): Promise<void> {
    const result = await this.#system.run('umount', [directory], { ...w, timeoutMs: MOUNT_TIMEOUT_MS });
    if (result.status === 0) return;
    const text = `unmount ${directory}: ${said(result)}; nothing was detached`;
    throw new VolumeInUseError(text, { mountpoint: directory });
  }

  /** `blkid -p` probes the device itself. Its exit status is 2 if it finds nothing, and 8 if the result is ambiguous. */
  async #requireFileSystem(node: string, w: Waiting): Promise<void> {
    const args = ['-p', '-o', 'export', node];
    const result = await this.#system.run('blkid', args, { ...w, timeoutMs: PROBE_TIMEOUT_MS });
    const found = new Map(result.stdout.split('\n').map((line) => splitAt(line.trim())));
    if (result.status === 0 && found.get('USAGE') === 'filesystem') return;
    const what = found.get('TYPE') ?? found.get('PTTYPE');
    const why =
      result.status === 0 && what !== undefined
        ? `it holds ${found.has('TYPE') ? what : `a partition table (${what})`}, and no file system that could be mounted`
        : result.status === 2
          ? 'it holds no file system; make one on it, since this command never formats'
          : `its contents cannot be determined: ${said(result)}`;
    throw new HostAttachError(`mount ${node}: ${why}`, { device: node });
  }

  async #numberOf(node: string): Promise<string> {
    const block = (await this.#system.realpath(node)).slice('/dev/'.length).replaceAll('/', '!');
    return (await this.#system.read(`/sys/class/block/${block}/dev`)).trim();
  }

  async #list(): Promise<readonly Mount[]> {
    const text = await this.#system.read('/proc/self/mountinfo');
    return text
      .split('\n')
      .map((line) => line.split(' '))
      .flatMap(([, , device, , point]) =>
        device === undefined || point === undefined ? [] : [{ device, point: unescapeOctal(point) }],
      );
  }

  async #run(command: string, args: readonly string[], timeoutMs: number, w: Waiting): Promise<void> {
    const result = await this.#system.run(command, args, { ...w, timeoutMs });
    if (result.status !== 0) throw new HostAttachError(`"${[command, ...args].join(' ')}": ${said(result)}`);
  }
}

/** Returns whether umount(8) failed because a process has the file system open. */
function isBusy({ message }: Error): boolean {
  return message.includes('target is busy');
}

function mountedElsewhere(node: string, mounts: readonly Mount[]): VolumeInUseError {
  const points = mounts.map(({ point }) => point);
  return new VolumeInUseError(`${node} is mounted on ${points.join(', ')}`, { device: node, mounted: points });
}

function splitAt(line: string): readonly [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

function said({ status, stdout, stderr }: CommandResult): string {
  const words = (stderr.trim() || stdout.trim()).split('\n')[0] ?? '';
  return words === '' ? (status === null ? 'it did not end in time' : `it ended with status ${status}`) : words;
}
