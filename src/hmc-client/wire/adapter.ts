import { z } from 'zod';
import { uri, uris } from './common.ts';
import { field, optional, readAll } from './fields.ts';
import type { ReadOf } from './fields.ts';

/** Item of List Adapters of a CPC. Source: IBM WS API, List Adapters of a CPC, 3931-LA1. */
const adapterSummaryFields = {
  uri: field('object-uri', uri),
  name: field('name', z.string()),
  adapterId: field('adapter-id', z.string()),
  family: field('adapter-family', z.string()),
  type: field('type', z.string()),
  status: field('status', z.string()),
} as const;

/** @public */
export type AdapterSummary = ReadOf<typeof adapterSummaryFields>;

/** Answer of List Adapters of a CPC. */
export const adapterListAnswer = z.looseObject({
  adapters: z.array(readAll(adapterSummaryFields)),
});

/** What we read of an adapter. Capacities count virtual connections. Source: python-zhmcclient _adapter.py. */
export const adapterFields = {
  objectId: field('object-id', z.string()),
  name: field('name', z.string()),
  description: field('description', optional(z.string())),
  /** URI of the CPC. */
  parent: field('parent', optional(z.string())),
  adapterId: field('adapter-id', z.string()),
  family: field('adapter-family', z.string()),
  type: field('type', z.string()),
  status: field('status', z.string()),
  state: field('state', optional(z.string())),
  detectedCardType: field('detected-card-type', optional(z.string())),
  physicalChannelStatus: field('physical-channel-status', optional(z.string())),
  cardLocation: field('card-location', optional(z.string())),
  channelPathId: field('channel-path-id', optional(z.string())),
  portCount: field('port-count', optional(z.int())),
  storagePortUris: field('storage-port-uris', uris),
  networkPortUris: field('network-port-uris', uris),
  allowedCapacity: field('allowed-capacity', optional(z.int())),
  configuredCapacity: field('configured-capacity', optional(z.int())),
  usedCapacity: field('used-capacity', optional(z.int())),
  maximumTotalCapacity: field('maximum-total-capacity', optional(z.int())),
} as const;

/** An adapter. @public */
export type Adapter = ReadOf<typeof adapterFields> & { readonly uri: string };

/** Source: python-zhmcclient _port.py. */
export const storagePortFields = {
  index: field('index', z.int()),
  name: field('name', z.string()),
  description: field('description', optional(z.string())),
  /** WWN of the switch that this port sees. Ports with equal ids are in one fabric. */
  fabricId: field('fabric-id', optional(z.string())),
} as const;

/** A storage port of an adapter. @public */
export type StoragePort = ReadOf<typeof storagePortFields> & { readonly uri: string };
