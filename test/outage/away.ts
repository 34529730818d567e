import { setImmediate as turn } from 'node:timers/promises';
import type { FaultKind, FaultRule, Simulator } from '../../src/simulator/index.ts';

export type Peer = 'hmc' | 'cinder' | 'keystone';

/** How a peer becomes unreachable, and what answers in its place until it is back. */
export interface Way {
  readonly name: string;
  /** What becomes of the request that it goes away at. */
  readonly first: FaultKind;
  /** What becomes of all others; without it, nothing takes connections. */
  readonly then?: FaultKind;
}

export const ways = [
  { name: 'connections refused', first: { type: 'drop', when: 'before' } },
  { name: 'the answer lost, then connections refused', first: { type: 'drop', when: 'after' } },
  { name: 'restarted, pages in its place', first: { type: 'restart' }, then: { type: 'html' } },
] as const satisfies readonly Way[];

/** A peer that has gone away, or will. */
export interface Absence {
  /** Settled when it goes away. */
  readonly begun: Promise<void>;
  readonly hasBegun: () => boolean;
  /** It is there again. */
  readonly end: () => Promise<void>;
}

/**
 * Has a peer go away at a request.
 *
 * @param skip - requests that it serves before
 * @param at - whose requests are counted, where not its own
 * @param whenAway - called at that moment
 */
export function goAway(
  sim: Simulator,
  { peer, skip, way, at = peer }: { readonly peer: Peer; readonly skip: number; readonly way: Way; readonly at?: Peer },
  whenAway: () => void = () => undefined,
): Absence {
  const { server } = sim[peer];
  const rule = (kind: FaultKind): FaultRule => ({ id: 'away', server: peer, operation: '*', kind });
  const decide = sim.faults.decide.bind(sim.faults);
  let [left, isAway] = [skip, false];
  let isDeaf: Promise<void> = Promise.resolve();
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  sim.faults.decide = (asked, ...more) => {
    if (isAway) return asked === peer && way.then !== undefined ? rule(way.then) : decide(asked, ...more);
    if (asked !== at || left-- > 0) return decide(asked, ...more);
    isAway = true;
    // The request is still handled, then every connection is cut.
    if (way.then === undefined) isDeaf = turn().then(async () => await server.refuseConnections(true));
    begin();
    whenAway();
    return asked === peer ? rule(way.first) : decide(asked, ...more);
  };
  return {
    begun,
    hasBegun: () => isAway,
    end: async () => {
      Reflect.deleteProperty(sim.faults, 'decide');
      await isDeaf;
      await server.refuseConnections(false);
    },
  };
}
