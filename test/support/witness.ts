import { CleanupStack, neverAborted, Secret, silentLogger } from '../../src/base/index.ts';
import { backend } from '../../src/cli/open.ts';
import { openPathService } from '../../src/cli/open-path-service.ts';
import { askHosts } from '../../src/volume/paths/index.ts';
import type { SanHost } from './fake-host/san-host.ts';
import { quickPolicies as hostPolicies } from './fake-host/scenes.ts';
import { quickCinder, quickPolicies } from './quick-policies.ts';
import type { World } from './world.ts';

/** A path as the service tells it: its names on the wire are what other programs read. */
export interface ToldPath {
  readonly kind: string;
  readonly volume_id: string | null;
  readonly initiator_wwpn: string;
  readonly target_wwpn: string;
  readonly lun: string;
  readonly state: string;
  readonly detail: string;
}

/** Something that the service says belongs to nobody. */
interface ToldOrphan {
  readonly host: string;
  readonly kind: string;
  readonly name: string;
  readonly detail: string;
  readonly repair: string | null;
}

const TOKEN = 'witness-token-of-some-length';
const w = { signal: neverAborted() };

/**
 * What `dpm path-service` on the host tells over HTTP. It has clients, sessions and readers of its own, and shares with
 * the process whose flows it watches no more than the state directory does.
 */
export class Witness implements AsyncDisposable {
  readonly url: string;
  readonly token = new Secret(TOKEN);
  readonly #world: World;
  readonly #system: SanHost;
  readonly #stack: CleanupStack;

  private constructor(url: string, world: World, system: SanHost, stack: CleanupStack) {
    this.url = url;
    this.#world = world;
    this.#system = system;
    this.#stack = stack;
  }

  static async start(world: World, system: SanHost): Promise<Witness> {
    const facts = { pid: process.pid, baseDir: world.statePath, policies: quickPolicies, isRoot: false };
    const opened = backend({
      ...facts,
      host: { system, policies: hostPolicies, cinder: quickCinder },
    });
    const nothing = () => undefined;
    const waiting = { purpose: 'path service', onWait: nothing, onNote: nothing, onResume: nothing };
    const common = { log: silentLogger, ...waiting };
    const requestId = 'req-witness';
    const reading = { access: 'read', onStep: () => undefined } as const;
    await using stack = new CleanupStack();
    const host = stack.use(await opened.openHost(world.settings, { ...common, requestId }));
    const manager = stack.use(
      await opened.openManager(world.settings, { ...common, ...reading, context: { requestId, ...w } }),
    );
    const listen = { listen: '127.0.0.1', port: 0 };
    const service = stack.use(
      await openPathService({ host, manager, token: new Secret(TOKEN), ...listen, log: silentLogger, requestId }),
    );
    return new Witness(service.url, world, system, stack.move());
  }

  /** Every path of every volume that there is for it. */
  async paths(): Promise<readonly ToldPath[]> {
    return (await this.#get<{ paths: readonly ToldPath[] }>('/v1/paths')).paths;
  }

  /** Paths of one volume, by id. */
  async pathsOf(volumeId: string): Promise<readonly ToldPath[]> {
    return (await this.#get<{ paths: readonly ToldPath[] }>(`/v1/volumes/${volumeId}/paths`)).paths;
  }

  /** What `dpm verify --hosts` of another machine gets from there. */
  async askedFromAfar(): Promise<readonly ToldOrphan[]> {
    return await askHosts({ urls: [this.url], token: this.token, log: silentLogger }, w);
  }

  /** What `dpm verify` would list there. */
  async orphans(): Promise<readonly ToldOrphan[]> {
    return (await this.#get<{ orphans: readonly ToldOrphan[] }>('/v1/orphans')).orphans;
  }

  /** What is mapped to the host, by the word of the simulated SAN: one line each, as {@link waysOf} writes them. */
  mapped(): readonly string[] {
    const { san } = this.#world.sim;
    return this.#system.adapters
      .flatMap(({ wwpn, host, targets }) =>
        san
          .discover(wwpn, san.fabricIds[host] ?? '')
          .filter(({ targetWwpn }) => targets.some((target) => target.wwpn === targetWwpn))
          .map(({ targetWwpn, lun }) => `${wwpn} ${targetWwpn} ${lun}`),
      )
      .toSorted();
  }

  /** Initiators for which an array has a mask, those of the host aside: they are of partitions. */
  maskedElsewhere(): readonly string[] {
    const own = new Set(this.#system.adapters.map(({ wwpn }) => wwpn));
    const masks = this.#world.sim.san.snapshot().arrays.flatMap((array) => array.masks);
    return [...new Set(masks.flatMap(({ initiators }) => initiators))].filter((wwpn) => !own.has(wwpn)).toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }

  async #get<Body>(path: string): Promise<Body> {
    const response = await fetch(`${this.url}${path}`, {
      headers: { Authorization: `Bearer ${this.token.reveal()}`, Connection: 'close' },
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`the path service answers ${response.status} to ${path}: ${text}`);
    return JSON.parse(text) as Body; // read by name, as a test rig does that trusts the OpenAPI description
  }
}

/** Where paths lead, one line each, in order. */
export function waysOf(paths: readonly ToldPath[]): readonly string[] {
  return paths.map((path) => `${path.initiator_wwpn} ${path.target_wwpn} ${path.lun}`).toSorted();
}
