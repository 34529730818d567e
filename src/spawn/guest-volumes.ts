import type { Logger } from '../base/index.ts';
import type { EncodedParameters, GuestVolume } from '../partition/guest-parameters/index.ts';
import type { ConnectedVolume, Initiator } from '../partition/index.ts';

/**
 * What the guest is to be told of its volumes, the boot volume first. Left out is what cannot be told (a path whose vHBA
 * has no device number yet), and what need not be: the one path of a boot volume that has no other.
 */
export function guestVolumes(
  volumes: readonly Pick<ConnectedVolume, 'volumeId' | 'isBoot' | 'paths'>[],
  initiators: readonly Initiator[],
): readonly GuestVolume[] {
  const deviceOf = new Map(initiators.map(({ wwpn, deviceNumber }) => [wwpn, deviceNumber]));
  const bootFirst = volumes.toSorted((a, b) => Number(b.isBoot) - Number(a.isBoot));
  return bootFirst.flatMap(({ volumeId, isBoot, paths }) => {
    const told = paths.flatMap(({ initiatorWwpn, targetWwpn, lun, deviceNumber: known }) => {
      const deviceNumber = known ?? deviceOf.get(initiatorWwpn) ?? null;
      return deviceNumber === null ? [] : [{ deviceNumber, targetWwpn, lun }];
    });
    return told.length > (isBoot ? 1 : 0) ? [{ volumeId, paths: told }] : [];
  });
}

/** Says which volumes a guest has to find by itself. */
export function warnOfOmitted({ omittedVolumes }: EncodedParameters, log: Logger): void {
  if (omittedVolumes.length === 0) return;
  log.warn(
    { event: 'guest.parameters-full', volumes: omittedVolumes },
    'the boot parameters have no room for these volumes: the guest finds them by automatic LUN scan only',
  );
}
