import { loadClass } from '../index.ts';
import { hostConnectorMethods } from './connector.ts';
import type { HostConnector, HostConnectorClass, HostConnectorContext } from './connector.ts';
import { HostConnectorError } from './errors.ts';
import { FibreChannelConnector, ZfcpConnector } from './fibrechannel/fibre-channel-connector.ts';

/** One line of the setting `dpm.host_connectors`. @public */
export interface HostConnectorEntry {
  /** Cinder's `driver_volume_type`, in any case. */
  readonly protocol: string;
  /** Output of `uname -m`; undefined for every platform. */
  readonly platform?: string | undefined;
  /** A module specifier, or `builtin`. */
  readonly module: string;
  readonly exportName?: string | undefined;
}

/** A connector and the protocol that it serves on this host. @public */
export interface ServedProtocol {
  readonly protocol: string;
  readonly connector: HostConnector;
  /** Whether the connector is part of this package. */
  readonly isBuiltin: boolean;
}

/** Any platform. A connector for the platform of the host takes precedence. */
const ANY_PLATFORM = '*';

const builtins: readonly (readonly [protocol: string, platform: string, HostConnectorClass])[] = [
  ['fibre_channel', 's390x', ZfcpConnector],
  ['fibre_channel', 's390', ZfcpConnector],
  ['fibre_channel', ANY_PLATFORM, FibreChannelConnector],
];

/** Maps protocol and platform to a host connector. Connectors of third parties take precedence. @public */
export class HostConnectorRegistry {
  /** The keys are made by {@link keyOf}. Built-in connectors come first. */
  readonly #classes: ReadonlyMap<string, Registered>;
  readonly #context: HostConnectorContext;
  readonly #made = new Map<string, HostConnector>();

  private constructor(classes: ReadonlyMap<string, Registered>, context: HostConnectorContext) {
    this.#classes = classes;
    this.#context = context;
  }

  /**
   * Loads the classes that the entries name.
   *
   * @param baseDir - directory against which relative paths and packages are resolved
   * @throws HostConnectorError naming the entry, when its class cannot be loaded
   */
  static async load(
    context: HostConnectorContext,
    entries: readonly HostConnectorEntry[] = [],
    baseDir = '.',
  ): Promise<HostConnectorRegistry> {
    const classes = new Map<string, Registered>(
      builtins.map(([protocol, platform, ConnectorClass]) => [
        keyOf(protocol, platform),
        { protocol, ConnectorClass, entry: undefined },
      ]),
    );
    for (const entry of entries) {
      if (entry.module === 'builtin') {
        keepBuiltins(classes, entry);
        continue;
      }
      const ConnectorClass = await external(entry, baseDir);
      const protocol = entry.protocol.toLowerCase();
      classes.set(keyOf(protocol, entry.platform ?? ANY_PLATFORM), { protocol, ConnectorClass, entry });
      if (entry.platform === undefined) forgetBuiltins(classes, entry.protocol, entries);
    }
    return new HostConnectorRegistry(classes, context);
  }

  /**
   * Returns the connector for a protocol on the platform of this host. Always returns the same object, because it queues its
   * work.
   *
   * @throws HostConnectorError when there is none, its constructor fails, or it lacks a method
   */
  get(protocol: string): HostConnector {
    const { platform } = this.#context.system;
    const key = this.#keyFor(protocol);
    const registered = key === undefined ? undefined : this.#classes.get(key);
    if (key === undefined || registered === undefined) {
      const known = [...this.#classes.keys()].join(', ');
      const text = `no host connector for protocol "${protocol}" on platform "${platform}" (there is one for ${known})`;
      throw new HostConnectorError(text, { protocol, platform });
    }
    const connector = this.#made.get(key) ?? make(key, registered, this.#context);
    this.#made.set(key, connector);
    return connector;
  }

  /** Returns every protocol served on this host's platform, built-in ones first. @throws HostConnectorError */
  all(): readonly ServedProtocol[] {
    const protocols = [...new Set([...this.#classes.values()].map(({ protocol }) => protocol))];
    return protocols.flatMap((protocol) => {
      const key = this.#keyFor(protocol);
      if (key === undefined) return []; // for other platforms only
      const isBuiltin = this.#classes.get(key)?.entry === undefined;
      return [{ protocol, connector: this.get(protocol), isBuiltin }];
    });
  }

  #keyFor(protocol: string): string | undefined {
    const keys = [keyOf(protocol, this.#context.system.platform), keyOf(protocol, ANY_PLATFORM)];
    return keys.find((each) => this.#classes.has(each));
  }
}

interface Registered {
  /** In lower case. */
  readonly protocol: string;
  readonly ConnectorClass: HostConnectorClass;
  /** Undefined for a built-in one. */
  readonly entry: HostConnectorEntry | undefined;
}

function keyOf(protocol: string, platform: string): string {
  return `${protocol.toLowerCase()} on ${platform}`;
}

/** An entry for all platforms also replaces the built-in connectors for single platforms. */
function forgetBuiltins(
  classes: Map<string, Registered>,
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

/**
 * Registers the built-in connectors that a `builtin` entry selects: all of the protocol, or the one for the platform of the
 * entry. That one is kept even if another entry is for all platforms.
 */
function keepBuiltins(classes: Map<string, Registered>, entry: HostConnectorEntry): void {
  const ofProtocol = builtins.filter(([protocol]) => protocol === entry.protocol.toLowerCase());
  const { platform: wanted } = entry;
  const own = ofProtocol.filter(([, platform]) => wanted === undefined || platform === wanted);
  const chosen = own.length > 0 ? own : ofProtocol.filter(([, platform]) => platform === ANY_PLATFORM);
  if (chosen.length === 0) {
    const known = [...new Set(builtins.map(([protocol]) => protocol))].join(', ');
    throw unusable(entry, `there is no built-in host connector for it (only for ${known})`);
  }
  for (const [protocol, platform, ConnectorClass] of chosen) {
    classes.set(keyOf(protocol, wanted ?? platform), { protocol, ConnectorClass, entry: undefined });
  }
}

async function external(entry: HostConnectorEntry, baseDir: string): Promise<HostConnectorClass> {
  try {
    return await loadClass<HostConnectorClass>(entry, baseDir);
  } catch (error) {
    throw unusable(entry, 'it cannot be loaded', error);
  }
}

function make(key: string, { ConnectorClass, entry }: Registered, context: HostConnectorContext): HostConnector {
  let connector: HostConnector;
  try {
    connector = new ConnectorClass(context);
  } catch (error) {
    if (entry === undefined) throw error;
    throw unusable(entry, 'its constructor failed', error);
  }
  const missing = hostConnectorMethods.filter((method) => typeof connector[method] !== 'function');
  if (missing.length === 0) return connector;
  throw new HostConnectorError(
    `host connector for ${key} (${ConnectorClass.name}) has no method ${missing.join(', ')}`,
  );
}

function unusable(entry: HostConnectorEntry, why: string, cause?: unknown): HostConnectorError {
  const { protocol, platform, module, exportName } = entry;
  const place = platform === undefined ? '' : `@${platform}`;
  const shown = `${protocol}${place}=${module}${exportName === undefined ? '' : `#${exportName}`}`;
  return new HostConnectorError(`dpm.host_connectors "${shown}": ${why}`, { protocol }, { cause });
}
