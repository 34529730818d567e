export { defaultFulfilmentPolicy } from './fulfilment.ts';
export type { FulfilmentPolicy } from './fulfilment.ts';
export { StorageGroupStorage } from './storage.ts';
