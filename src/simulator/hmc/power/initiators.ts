import type { HmcContext } from '../context.ts';
import { textOf, textsOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { wwpnOf } from '../storage/fcp-state.ts';
import { loginPortOf, resourcesOf } from '../storage/paths.ts';
import { isPortUsable } from './load-path.ts';

/** Initiators of a partition with the ports they use: vHBAs, or virtual storage resources of its groups. */
export function initiatorsOf(context: HmcContext, partition: Resource): { wwpn: string; portUri: string }[] {
  const { model } = context;
  const hbas = model.childrenOf(partition, 'hba');
  const own = hbas.map(({ props }) => ({ wwpn: textOf(props, 'wwpn'), portUri: textOf(props, 'adapter-port-uri') }));
  const groups = textsOf(partition.props, 'storage-group-uris').map((uri) => model.find('storage-group', uri));
  const resources = groups.flatMap((group) => (group === undefined ? [] : groupInitiators(context, partition, group)));
  return [...own, ...resources];
}

function groupInitiators(
  context: HmcContext,
  partition: Resource,
  group: Resource,
): { wwpn: string; portUri: string }[] {
  const resources = resourcesOf(context, group, partition).filter((resource) => wwpnOf(resource) !== '');
  return resources.map((resource) => ({ wwpn: wwpnOf(resource), portUri: loginPortOf(context, group, resource) }));
}

/** Logs the partition's initiators in to their fabrics: every activated partition does, whatever it loads. */
export function logInPorts(context: HmcContext, partition: Resource): void {
  for (const { wwpn, portUri } of initiatorsOf(context, partition)) {
    const fabric = context.cabling.get(portUri);
    if (fabric !== undefined && isPortUsable(context, portUri)) context.san.login(wwpn, fabric);
  }
}
