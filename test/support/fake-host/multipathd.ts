import type { CommandResult } from '../../../src/volume/host/index.ts';
import type { FakeHost } from './fake-host.ts';
import { multipathWwid } from './model.ts';
import type { FakeDisk, FakeMap } from './model.ts';

type Answer = Partial<CommandResult>;

/** The daemon that makes the multipath maps of a {@link FakeHost}, with its settings and what it knows. */
export class FakeMultipathd {
  readonly mode: 'absent' | 'by itself' | 'when told';
  readonly findMultipaths: 'greedy' | 'smart' | 'strict';
  /** WWIDs of which it has made a map (/etc/multipath/wwids). */
  readonly wwids = new Set<string>();
  /** WWIDs that the section blacklist of multipath.conf excludes. */
  readonly blacklist = new Set<string>();
  /** Disks whose `add` events it has not read. */
  readonly added: FakeDisk[] = [];
  readonly #host: FakeHost;
  /** Block devices that it has been told of. */
  readonly #known = new Set<string>();

  constructor(host: FakeHost, mode: FakeMultipathd['mode'], findMultipaths: FakeMultipathd['findMultipaths']) {
    this.#host = host;
    this.mode = mode;
    this.findMultipaths = findMultipaths;
  }

  readEvents(): void {
    if (this.mode === 'by itself') for (const disk of this.added.splice(0)) this.addPath(disk);
  }

  /** Takes a path into the map of its volume, if the settings allow that. */
  addPath(disk: FakeDisk): void {
    const wwid = multipathWwid(disk);
    this.#known.add(disk.block);
    if (!this.blacklist.has(wwid) && this.#shouldMultipath(wwid)) this.#makeMap(wwid);
  }

  findMap(name: string): FakeMap | undefined {
    return this.#host.maps.find((map) => map.name === name && map.uuid.startsWith('mpath-'));
  }

  /**
   * Answers a request of `multipathd`; with status 0 also when it cannot be reached. Answers of the others: multipath-tools
   * multipathd/cli_handlers.c. `add path` is ok without a map, too; `add map` of a WWID does not ask find_multipaths.
   */
  answer(request: string): Answer {
    for (const [pattern, work] of requests) {
      const match = pattern.exec(request);
      if (match === null) continue;
      return { stdout: this.mode === 'absent' ? 'error receiving packet\n' : `${work(this, match[1] ?? '')}\n` };
    }
    return { status: 127, stderr: `unexpected command: multipathd ${request}` };
  }

  requestPath(block: string): string {
    const disk = this.#host.disks.find((each) => each.block === block);
    if (disk === undefined) return 'fail';
    if (this.blacklist.has(multipathWwid(disk))) return 'blacklisted';
    this.addPath(disk);
    return 'ok'; // whether or not there is a map now
  }

  requestMap(wwid: string): string {
    return this.blacklist.has(wwid) ? 'blacklisted' : ok(this.#makeMap(wwid));
  }

  removePath(block: string): string {
    const map = this.#host.maps.find(({ slaves }) => slaves.includes(block));
    map?.slaves.splice(map.slaves.indexOf(block), 1);
    return ok(map);
  }

  resize(name: string): string {
    const map = this.findMap(name);
    const [disk] = this.#pathsOf(map);
    if (map !== undefined && disk !== undefined) map.bytes = disk.bytes;
    return ok(disk);
  }

  reload(name: string): string {
    const map = this.findMap(name);
    if (map !== undefined) map.isReadOnly = this.#pathsOf(map).every(({ isReadOnly }) => isReadOnly);
    return ok(map);
  }

  #pathsOf(map: FakeMap | undefined): readonly FakeDisk[] {
    return this.#host.disks.filter(({ block }) => map?.slaves.includes(block));
  }

  /** Makes the map of all paths that it knows of a volume. Source: multipath-tools libmultipath/configure.c. */
  #makeMap(wwid: string): FakeMap | undefined {
    const host = this.#host;
    const isFree = ({ block }: FakeDisk) => !host.maps.some(({ slaves }) => slaves.includes(block));
    const [first, ...others] = this.#knownPaths(wwid).filter(isFree);
    const known = this.#mapOf(wwid);
    if (first === undefined) return known;
    this.wwids.add(wwid);
    const map = known ?? host.addMap(wwid, [], first.bytes, first.isReadOnly);
    map.slaves.push(...[first, ...others].map(({ block }) => block));
    host.changed();
    return map;
  }

  /** Source: multipath-tools libmultipath/wwids.c. */
  #shouldMultipath(wwid: string): boolean {
    if (this.findMultipaths === 'greedy' || this.wwids.has(wwid)) return true;
    if (this.findMultipaths === 'strict') return false;
    return this.#knownPaths(wwid).length > 1 || this.#mapOf(wwid) !== undefined;
  }

  #knownPaths(wwid: string): readonly FakeDisk[] {
    return this.#host.disks.filter((disk) => multipathWwid(disk) === wwid && this.#known.has(disk.block));
  }

  #mapOf(wwid: string): FakeMap | undefined {
    return this.#host.maps.find((map) => map.uuid === `mpath-${wwid}`);
  }
}

const requests: readonly (readonly [RegExp, (daemon: FakeMultipathd, argument: string) => string])[] = [
  [/^show status$/, () => 'path checker states:\nup 4'],
  [/^add path \/dev\/(\S+)$/, (daemon, block) => daemon.requestPath(block)],
  [/^add map (\S+)$/, (daemon, wwid) => daemon.requestMap(wwid)],
  [/^del path \/dev\/(\S+)$/, (daemon, block) => daemon.removePath(block)],
  [/^disablequeueing map (\S+)$/, (daemon, name) => ok(daemon.findMap(name))],
  [/^resize map (\S+)$/, (daemon, name) => daemon.resize(name)],
  [/^reload map (\S+)$/, (daemon, name) => daemon.reload(name)],
];

function ok(found: unknown): string {
  return found === undefined ? 'fail' : 'ok';
}
