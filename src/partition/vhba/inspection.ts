import { parseLun, parseWwpn } from '../../base/index.ts';
import type { Waiting } from '../../base/index.ts';
import type { HmcSession } from '../../hmc-client/index.ts';
import type { PartitionRef } from '../lifecycle.ts';
import type { PartitionOwner } from '../naming.ts';
import type { Initiator, KnownPath, PathInspection } from '../storage.ts';

/**
 * Paths of machines without storage groups: the HMC knows only the boot path, and cannot test paths. Source: python-zhmcclient
 * _cpc.py, validate_lun_path.
 */
export class HbaInspection implements PathInspection {
  readonly #hmc: HmcSession;

  constructor(hmc: HmcSession) {
    this.#hmc = hmc;
  }

  async known(
    _owner: PartitionOwner,
    partition: PartitionRef,
    initiators: readonly Initiator[],
    w: Waiting,
  ): Promise<readonly KnownPath[]> {
    const wanted = ['boot-storage-device', 'boot-world-wide-port-name', 'boot-logical-unit-number'] as const;
    const boot = await this.#hmc.partitions.get(partition.uri, w, wanted);
    const hba = initiators.find(({ elementUri }) => elementUri !== null && elementUri === boot.bootStorageDevice);
    const targetWwpn = parseWwpn(boot.bootWorldWidePortName ?? '');
    const lun = parseLun(boot.bootLogicalUnitNumber ?? '');
    if (hba === undefined || targetWwpn === undefined || lun === undefined) return [];
    return [{ volumeId: null, initiatorWwpn: hba.wwpn, targetWwpn, lun, deviceNumber: hba.deviceNumber }];
  }

  examine(paths: readonly Pick<KnownPath, 'initiatorWwpn'>[], initiators: readonly Initiator[]) {
    const portOf = new Map(initiators.map(({ wwpn, adapterPortUri }) => [wwpn, adapterPortUri]));
    const answers = paths.map(({ initiatorWwpn }) => ({
      adapterPortUri: portOf.get(initiatorWwpn) ?? null,
      verdict: 'untried' as const,
    }));
    return Promise.resolve(answers);
  }
}
