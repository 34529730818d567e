/** A server as a few lines can foretell it; what HMC, SAN and Cinder have to look like follows from it. */
export interface ModelServer {
  readonly uuid: string;
  /** `whole`: partition, ports, volumes. `error`: a record that is to be deleted, and nothing else. */
  readonly state: 'whole' | 'error';
  /** `unknown` after a power operation that failed. */
  readonly power: 'active' | 'stopped' | 'unknown';
  /** Names of volumes. */
  readonly boot: string;
  readonly data: ReadonlySet<string>;
  /** A flow of it is stuck: what it names may be left, or missing, until somebody takes it up. */
  readonly isStuck: boolean;
}

/** All that should exist, by the server's name. */
export interface Model {
  readonly servers: Map<string, ModelServer>;
  isFaultArmed: boolean;
  /** Names of volumes that a stuck flow names: in use still, or free, until somebody takes it up. */
  uncertain: ReadonlySet<string>;
}

export function emptyModel(): Model {
  return { servers: new Map(), isFaultArmed: false, uncertain: new Set() };
}

/** The server that a volume belongs to. */
export function userOf(model: Model, volume: string): ModelServer | undefined {
  return [...model.servers.values()].find(
    ({ state, boot, data }) => state === 'whole' && (boot === volume || data.has(volume)),
  );
}

/** One line that says what a server is, for comparison and for messages. */
export function describeServer(server: ModelServer | undefined): string {
  if (server === undefined) return 'gone';
  const stuck = server.isStuck ? ', stuck' : '';
  if (server.state === 'error') return `error${stuck}`;
  return `${server.power}, boots from ${server.boot}, has ${[...server.data].toSorted().join('+') || 'no data'}${stuck}`;
}
