export {
  connectionShapes,
  type ConnectionShape,
  type ConnectionShapeName,
  type MapManner,
  type Spelling,
} from './cinder/shapes.ts';
export type { Now } from './clock.ts';
export type { CinderQuota, CinderTiming, NovaAnswer } from './cinder/service.ts';
export type { KeptCinder } from './cinder/keep.ts';
export type { CinderSnapshot } from './cinder/snapshot.ts';
export type { ApplicationCredentialOptions, UserOptions } from './keystone/directory.ts';
export type { ImageOptions } from './glance/images.ts';
export type {
  CinderOptions,
  InitialVolume,
  KeystoneOptions,
  Openstack,
  OpenstackOptions,
  VolumeOptions,
} from './options.ts';
export { startOpenstack } from './start.ts';
