import { formatWwpn0x, lunToByPath, lunToCinder } from '../../../base/index.ts';
import type { Lun, Wwpn } from '../../../base/index.ts';

/** The directory in which udev names disks by path. */
export const BY_PATH = '/dev/disk/by-path';

/**
 * Returns the names of a path in different distributions, the most common first. A pure function.
 *
 * systemd's udev: `<prefix>-fc-0x<wwpn>-lun-<n>`. RHEL (`40-redhat.rules`) and SLES (`59-zfcp-compat.rules`) add
 * `ccw-<bus id>-zfcp-0x<wwpn>:0x<lun>`. os-brick also looks on s390x for the last two: Cinder's number
 * unchanged, and all sixteen digits. Source: systemd udev-builtin-path_id.c; s390-tools zdev; os-brick
 * connectors/fibre_channel_s390x.py.
 */
export function byPathNames(pathPrefix: string, targetWwpn: Wwpn, lun: Lun): readonly string[] {
  const target = formatWwpn0x(targetWwpn);
  const systemd = `${pathPrefix}-fc-${target}-${lunToByPath(lun)}`;
  if (!pathPrefix.startsWith('ccw-')) return [`${BY_PATH}/${systemd}`];
  const cinder = lunToCinder(lun);
  const names = [
    systemd,
    `${pathPrefix}-zfcp-${target}:0x${lun}`,
    ...(cinder === undefined ? [] : [`${pathPrefix}-fc-${target}-lun-${cinder}`]),
    `${pathPrefix}-fc-${target}-lun-0x${lun}`,
  ];
  return [...new Set(names)].map((name) => `${BY_PATH}/${name}`);
}
