import { z } from 'zod';
import { deviceNumberToSend, uri, uriOrNone } from './common.ts';
import { field, readAll } from './fields.ts';

/** Source: python-zhmcclient _partition_link.py. */
const linkFields = {
  uri: field('object-uri', uri),
  /** Of a link of type hipersockets. */
  adapterUri: field('adapter-uri', uriOrNone),
} as const;

/** Answer of List Partition Links with the property adapter-uri. */
export const partitionLinkListAnswer = z.looseObject({ 'partition-links': z.array(readAll(linkFields)) });

/** A NIC that Modify Partition Link creates. Source: python-zhmcclient _partition.py, attach_network_link. */
export const linkNicBody = z
  .strictObject({
    deviceNumber: deviceNumberToSend,
    vlanId: z.int().nullable(),
    macAddress: z.string().nullable(),
  })
  .transform(({ deviceNumber, vlanId, macAddress }) => ({
    'device-numbers': [deviceNumber],
    ...(vlanId === null ? {} : { 'vlan-id': vlanId }),
    ...(macAddress === null ? {} : { 'mac-address': macAddress }),
  }));

/** @public */
export type NicOnLink = z.input<typeof linkNicBody>;

/** Results of the job of Modify Partition Link. */
export const linkResults = z.looseObject({
  'operation-results': z.array(z.looseObject({ 'partition-uri': uri, 'operation-status': z.string() })),
});
