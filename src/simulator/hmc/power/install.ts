import type { HmcContext } from '../context.ts';
import type { Resource } from '../model/model.ts';
import { initiatorsOf } from './initiators.ts';
import { linuxBanner, loaded, isPortUsable, type LoadResult } from './load-path.ts';

/**
 * Runs an installer: it writes an operating system to a LUN of the partition, and restarts from there without the HMC, as the
 * installers of Linux do with `chreipl` (s390-tools): the boot properties of the partition still name the installer.
 *
 * It takes the empty LUN with the lowest number; without an empty one, it replaces the system on the first LUN. Without a LUN, it
 * keeps running and waits for one.
 */
export function install(context: HmcContext, partition: Resource, from: string): LoadResult {
  const banner = [...linuxBanner, `Installer from ${from}`];
  const luns = initiatorsOf(context, partition).flatMap(({ wwpn, portUri }) => {
    const fabric = context.cabling.get(portUri);
    if (fabric === undefined || !isPortUsable(context, portUri)) return [];
    const found = context.san.discover(wwpn, fabric);
    return found.map(({ targetWwpn, lun }) => [wwpn, fabric, targetWwpn, lun] as const);
  });
  const inOrder = luns.toSorted(([, , , one], [, , , other]) => one.localeCompare(other));
  const isEmpty = (path: (typeof luns)[number]) => {
    const seen = context.san.probe(...path);
    return seen.ok && !seen.bootable;
  };
  const target = inOrder.find(isEmpty) ?? inOrder[0];
  if (target === undefined) return loaded([...banner, 'No disk found: waiting']);
  context.san.writeSystem(...target);
  return loaded([
    ...banner,
    `Installed the operating system to LUN ${target[3]}`,
    'Restarting from disk',
    ...linuxBanner,
  ]);
}
