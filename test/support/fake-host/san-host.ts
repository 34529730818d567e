import type { CommandResult } from '../../../src/volume/host/index.ts';
import type { Simulator } from '../../../src/simulator/index.ts';
import { FakeHost } from './fake-host.ts';
import type { FakeHostOptions } from './fake-host.ts';
import type { FakeAdapter, FakeMask, FakeTarget, FakeVolume } from './model.ts';
import { fcpDevice, GIB } from './scenes.ts';

type SimulatedSan = Simulator['san'];

export interface SanHostOptions extends Partial<Omit<FakeHostOptions, 'adapters' | 'masks'>> {
  /** One port on one fabric, with one target, rather than two with two. */
  readonly isSinglePath?: boolean;
}

/** A Linux host on the simulated SAN: it sees what Cinder has masked and zoned to its ports, and nothing else. */
export class SanHost extends FakeHost {
  readonly #san: SimulatedSan;
  readonly #volumes = new Map<string, FakeVolume>();

  constructor(san: SimulatedSan, { isSinglePath = false, ...options }: SanHostOptions = {}) {
    const indexes = isSinglePath ? ([0] as const) : ([0, 1] as const);
    const adapters = indexes.map((index) => fcpDevice(index, targetsOn(san, san.fabricIds[index] ?? '', isSinglePath)));
    super({ kind: 'zfcp', masks: [], ...options, adapters });
    this.#san = san;
    adapters.forEach(({ wwpn }, index) => {
      san.login(wwpn, san.fabricIds[index] ?? '');
    });
  }

  override async list(path: string): Promise<readonly string[]> {
    this.#look();
    return await super.list(path);
  }

  override async write(path: string, text: string): Promise<void> {
    this.#look();
    await super.write(path, text);
  }

  override async run(command: string, args: readonly string[]): Promise<CommandResult> {
    this.#look();
    return await super.run(command, args);
  }

  /** What the array has taken away since the last look; that devices were still there for it is a violation. */
  settle(): void {
    this.#look();
  }

  /** The identity that a volume of the array has for Linux. */
  identityOf(uuid: string): string {
    return `naa.${uuid.toLowerCase()}`;
  }

  #look(): void {
    const seen = this.adapters.flatMap((adapter) => this.#seenBy(adapter));
    const isSame = (a: FakeMask, b: FakeMask) =>
      a.initiator === b.initiator && a.target === b.target && a.lun === b.lun && a.volume === b.volume;
    for (const mask of this.masks.filter((known) => !seen.some((each) => isSame(each, known)))) {
      // A port that is down has unmapped nothing: its devices only do not answer.
      if (this.#isOnline(mask.target)) this.unmap(mask);
      else this.masks.splice(this.masks.indexOf(mask), 1);
    }
    this.masks.push(...seen.filter((each) => !this.masks.some((known) => isSame(known, each))));
  }

  #isOnline(target: string): boolean {
    return this.#san.arrays.some(({ ports }) => ports.some(({ wwpn, online }) => wwpn === target && online));
  }

  #seenBy({ wwpn, targets, host }: FakeAdapter): readonly FakeMask[] {
    const found = this.#san.discover(wwpn, this.#san.fabricIds[host] ?? '');
    return found
      .filter(({ targetWwpn }) => targets.some((target) => target.wwpn === targetWwpn))
      .map(({ targetWwpn, lun, uuid, sizeGib }) => {
        const volume = this.#volumes.get(uuid) ?? { wwid: this.identityOf(uuid), bytes: sizeGib * GIB, alive: true };
        this.#volumes.set(uuid, volume);
        return { initiator: wwpn, target: targetWwpn, lun, volume };
      });
  }
}

function targetsOn({ arrays }: SimulatedSan, fabricId: string, isSingle: boolean): FakeTarget[] {
  const ports = arrays.flatMap((array) => array.ports).filter((port) => port.fabricId === fabricId);
  return ports.slice(0, isSingle ? 1 : ports.length).map(({ wwpn }, id) => ({ wwpn, id, appears: 'always' as const }));
}
