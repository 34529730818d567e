import { loadExport } from '../volume/index.ts';
import { hostConnectorMethods } from './connector.ts';
import type { HostConnector, HostConnectorClass, HostConnectorContext } from './connector.ts';
import { HostConnectorError } from './errors.ts';
import { FibreChannelConnector, ZfcpConnector } from './fibrechannel/fibre-channel-connector.ts';

/** A third party's connector: which protocol it serves, on which platform, and where it is. @public */
export interface HostConnectorEntry {
  /** Cinder's `driver_volume_type`, in any case. */
  readonly protocol: string;
  /** What `uname -m` says; undefined: on every platform. */
  readonly platform?: string | undefined;
  readonly module: string;
  readonly exportName?: string | undefined;
}

/** Where there is one for the platform it goes before the one for all. */
const ANY_PLATFORM = '*';

const builtins: readonly (readonly [protocol: string, platform: string, HostConnectorClass])[] = [
  ['fibre_channel', 's390x', ZfcpConnector],
  ['fibre_channel', 's390', ZfcpConnector],
  ['fibre_channel', ANY_PLATFORM, FibreChannelConnector],
];

/** (protocol, platform) → host connector. Third parties' go before the built-in ones. @public */
export class HostConnectorRegistry {
  readonly #classes: ReadonlyMap<string, HostConnectorClass>;
  readonly #context: HostConnectorContext;
  readonly #made = new Map<string, HostConnector>();

  private constructor(classes: ReadonlyMap<string, HostConnectorClass>, context: HostConnectorContext) {
    this.#classes = classes;
    this.#context = context;
  }

  /**
   * Loads what the entries name.
   *
   * @param baseDir - where relative paths and packages are looked for
   * @throws HostConnectorError naming the entry, when its class cannot be loaded or made, or lacks a method
   */
  static async load(
    context: HostConnectorContext,
    entries: readonly HostConnectorEntry[] = [],
    baseDir = '.',
  ): Promise<HostConnectorRegistry> {
    const classes = new Map(builtins.map(([protocol, platform, each]) => [keyOf(protocol, platform), each]));
    for (const entry of entries) {
      classes.set(keyOf(entry.protocol, entry.platform ?? ANY_PLATFORM), await external(entry, baseDir));
      if (entry.platform === undefined) forgetBuiltins(classes, entry.protocol, entries);
    }
    return new HostConnectorRegistry(classes, context);
  }

  /**
   * The connector for a protocol on this host's platform; the same one each time, since it keeps the order of work.
   *
   * @throws HostConnectorError when there is none, or it is none
   */
  get(protocol: string): HostConnector {
    const { platform } = this.#context.system;
    const keys = [keyOf(protocol, platform), keyOf(protocol, ANY_PLATFORM)];
    const key = keys.find((each) => this.#classes.has(each));
    const ConnectorClass = key === undefined ? undefined : this.#classes.get(key);
    if (key === undefined || ConnectorClass === undefined) {
      const known = [...this.#classes.keys()].join(', ');
      const text = `no host connector for protocol "${protocol}" on platform "${platform}" (there is one for ${known})`;
      throw new HostConnectorError(text, { protocol, platform });
    }
    const connector = this.#made.get(key) ?? make(key, ConnectorClass, this.#context);
    this.#made.set(key, connector);
    return connector;
  }
}

function keyOf(protocol: string, platform: string): string {
  return `${protocol.toLowerCase()} on ${platform}`;
}

/** An entry for all platforms means all: a built-in one for a single platform must not go before it. */
function forgetBuiltins(
  classes: Map<string, HostConnectorClass>,
  protocol: string,
  entries: readonly HostConnectorEntry[],
): void {
  const named = new Set(
    entries.flatMap((entry) => (entry.platform === undefined ? [] : keyOf(entry.protocol, entry.platform))),
  );
  for (const [builtin, platform] of builtins) {
    const key = keyOf(builtin, platform);
    const isOfProtocol = builtin === protocol.toLowerCase() && platform !== ANY_PLATFORM;
    if (isOfProtocol && !named.has(key)) classes.delete(key);
  }
}

async function external(entry: HostConnectorEntry, baseDir: string): Promise<HostConnectorClass> {
  try {
    const loaded = await loadExport({ module: entry.module, exportName: entry.exportName }, baseDir);
    if (typeof loaded !== 'function') throw new Error(`it exports ${typeof loaded}, expected a class`);
    return loaded as HostConnectorClass; // its methods are checked as soon as there is an instance
  } catch (error) {
    const shown = `${entry.module}${entry.exportName === undefined ? '' : `#${entry.exportName}`}`;
    throw new HostConnectorError(
      `host connector "${shown}" for "${entry.protocol}" cannot be loaded`,
      { protocol: entry.protocol },
      { cause: error },
    );
  }
}

function make(key: string, ConnectorClass: HostConnectorClass, context: HostConnectorContext): HostConnector {
  const connector = new ConnectorClass(context);
  const missing = hostConnectorMethods.filter((method) => typeof connector[method] !== 'function');
  if (missing.length === 0) return connector;
  throw new HostConnectorError(
    `host connector for ${key} (${ConnectorClass.name}) has no method ${missing.join(', ')}`,
  );
}
