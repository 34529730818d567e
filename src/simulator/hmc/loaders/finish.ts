import type { HmcContext } from '../context.ts';
import { numberOf, textOf } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { usersOf } from '../views/adapter-view.ts';

/** What follows from a loaded definition: which port is cabled to which fabric, and what of an adapter's use is already counted. */
export function finishLoading(context: HmcContext, fabrics: readonly string[]): void {
  const ports = context.model.all('storage-port');
  const shown = [...new Set(ports.map(({ props }) => textOf(props, 'fabric-id')).filter((id) => id !== ''))];
  ports.forEach((port, index) => {
    const seen = shown.indexOf(textOf(port.props, 'fabric-id'));
    const fabric = fabrics[(seen < 0 ? index : seen) % fabrics.length];
    if (fabric !== undefined) context.cabling.set(port.uri, fabric);
  });
  for (const adapter of context.model.all('adapter')) subtractCounted(context, adapter);
}

/** A file's capacities include its own vHBAs and NICs, which the simulator counts by itself. */
function subtractCounted(context: HmcContext, adapter: Resource): void {
  const counted = usersOf(context, adapter).length;
  for (const field of ['configured-capacity', 'used-capacity']) {
    const value = numberOf(adapter.props, field);
    if (value > 0) adapter.props[field] = Math.max(0, value - counted);
  }
}
