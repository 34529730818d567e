import type { Wwpn } from '../../base/index.ts';

/** An initiator port and a target port. */
export interface PortPair {
  readonly initiatorWwpn: Wwpn;
  readonly targetWwpn: Wwpn;
}

/** The detail of a path whose ports are in different fabrics. */
export const betweenFabrics =
  'no fabric connects these two ports, but each of them has paths to other ports (not a fault)';

/**
 * Returns whether an initiator and a target are in different fabrics: the initiator sees another target, and another
 * initiator sees the target. This is normal, because many arrays map every initiator to every target without regard to
 * fabrics (SVC, DS8000, XIV; source: cinder volume/drivers/ibm). A pure function.
 *
 * @param pair - ports that do not see each other
 * @param seen - pairs whose ports see each other
 */
export function isBetweenFabrics({ initiatorWwpn, targetWwpn }: PortPair, seen: readonly PortPair[]): boolean {
  return (
    seen.some((pair) => pair.initiatorWwpn === initiatorWwpn) && seen.some((pair) => pair.targetWwpn === targetWwpn)
  );
}
