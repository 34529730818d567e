import { randomHex } from '../../server/index.ts';
import type { HmcContext } from '../context.ts';
import { assignDeviceNumber, nicDeviceCount, nicNamespace } from '../device-numbers.ts';
import { textOf, type Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';
import { nicRules } from '../rules/element-rules.ts';
import { initialValues, rulesAt } from '../rules/property-rule.ts';

/**
 * Adds a NIC whose fields are checked, with generated values for those that are absent.
 * @throws Refusal 400.8 when the device number is taken
 */
export function addNic(context: HmcContext, partition: Resource, body: Readonly<Props>, type: string): Resource {
  const rules = rulesAt(nicRules, context.levelOf(partition));
  const props: Props = { ...initialValues(rules), 'mac-address': newMac(context), ...body, type };
  props['device-number'] = nicDeviceNumber(context, partition, props);
  const id = context.ids.next();
  const identity = { 'element-id': id, 'element-uri': `${partition.uri}/nics/${id}` };
  return context.model.add('nic', partition.uri, { ...props, ...identity });
}

/**
 * The device number of a new or changed NIC: its own if it has one, or the first free.
 * @throws Refusal 400.8 when the number is taken
 */
export function nicDeviceNumber(context: HmcContext, partition: Resource, nic: Props, self?: Resource): string {
  const number = textOf(nic, 'device-number');
  const wanted = { number, use: 'network' as const, namespace: nicNamespace(nic), count: nicDeviceCount(nic) };
  return assignDeviceNumber(context, partition, self === undefined ? wanted : { ...wanted, self });
}

/** Locally administered, as the MAC addresses are that DPM generates. */
function newMac({ random }: HmcContext): string {
  return `02:${(randomHex(random, 10).match(/../gu) ?? []).join(':')}`;
}
