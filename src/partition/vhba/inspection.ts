import { parseLun, parseWwpn } from '../../base/index.ts';
import type { Wwpn } from '../../base/index.ts';
import type { HmcSession } from '../../hmc-client/index.ts';
import type { PathInspection } from '../storage.ts';

/**
 * Paths of machines without storage groups: the HMC knows only the boot path, and cannot test paths. Source: python-zhmcclient
 * _cpc.py, validate_lun_path.
 */
export function hbaInspection(hmc: HmcSession): PathInspection {
  return {
    listPaths: async (_owner, partition, initiators, w) => {
      const wanted = ['boot-storage-device', 'boot-world-wide-port-name', 'boot-logical-unit-number'] as const;
      const boot = await hmc.partitions.get(partition.uri, w, wanted);
      const hba = initiators.find(({ elementUri }) => elementUri !== null && elementUri === boot.bootStorageDevice);
      const targetWwpn = parseWwpn(boot.bootWorldWidePortName ?? '');
      const lun = parseLun(boot.bootLogicalUnitNumber ?? '');
      if (hba === undefined || targetWwpn === undefined || lun === undefined) return [];
      return [{ volumeId: null, initiatorWwpn: hba.wwpn, targetWwpn, lun, deviceNumber: hba.deviceNumber }];
    },
    examine: (paths, initiators) => {
      const portOf = new Map(initiators.map(({ wwpn, adapterPortUri }) => [wwpn, adapterPortUri]));
      const portFor = (wwpn: Wwpn) => portOf.get(wwpn) ?? null;
      return Promise.resolve(
        paths.map(({ initiatorWwpn }) => ({ adapterPortUri: portFor(initiatorWwpn), verdict: 'untried' as const })),
      );
    },
  };
}
