export { volumeConnections } from './attachment-connections.ts';
export { openCinder } from './client.ts';
export type { CinderCheck, CinderClient } from './client.ts';
export { readConnectionInfo } from './connection-info.ts';
export {
  CinderAuthError,
  CinderConnectionError,
  CinderHttpError,
  CinderSchemaError,
  isCinderError,
  VolumeStateError,
} from './errors.ts';
export type { CinderAuth, CinderOptions, CinderPolicies } from './options.ts';
export type {
  Attachment,
  CompleteRequest,
  ConnectionInfo,
  Connector,
  Image,
  ImageDetail,
  Reservation,
  Volume,
  VolumeConnections,
  VolumeType,
} from './types.ts';
export { VolumeClaims } from './volume-claims.ts';
export type { SaveClaim, VolumeClaim } from './volume-claims.ts';
