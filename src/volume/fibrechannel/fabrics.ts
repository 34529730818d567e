import type { Wwpn } from '../../base/index.ts';

/** An initiator port and a target port. */
export interface PortPair {
  readonly initiatorWwpn: Wwpn;
  readonly targetWwpn: Wwpn;
}

/** The detail of a pair of ports for which {@link isBetweenFabrics} holds. */
export const betweenFabrics = 'no fabric connects these two ports, and each of them reaches others: not a fault';

/**
 * Whether it is normal that an initiator does not see a target: the initiator sees another target, and another initiator
 * sees the target. Many arrays map every initiator to every target, whatever the fabrics (SVC, DS8000, XIV; source: cinder
 * volume/drivers/ibm). A pure function.
 *
 * @param pair - ports that do not see each other
 * @param seen - pairs whose ports see each other
 */
export function isBetweenFabrics({ initiatorWwpn, targetWwpn }: PortPair, seen: readonly PortPair[]): boolean {
  return (
    seen.some((pair) => pair.initiatorWwpn === initiatorWwpn) && seen.some((pair) => pair.targetWwpn === targetWwpn)
  );
}
