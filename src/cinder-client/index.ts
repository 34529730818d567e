export { openCinder } from './client.ts';
export { readConnectionInfo } from './connection-info.ts';
export {
  CinderAuthError,
  CinderConnectionError,
  CinderHttpError,
  CinderSchemaError,
  isCinderError,
  VolumeStateError,
} from './errors.ts';
export type {
  ApplicationCredentialAuth,
  CinderAuth,
  CinderOptions,
  CinderPolicies,
  CinderTimeouts,
  NoAuth,
  PasswordAuth,
} from './options.ts';
export type {
  AttachMode,
  Attachment,
  AttachmentFilter,
  AttachmentVerbs,
  AttachTarget,
  CinderCheck,
  CinderClient,
  CinderLevel,
  CompleteRequest,
  ConnectionInfo,
  Connector,
  CreateAttachment,
  CreateVolume,
  OnRemoved,
  Reservation,
  ReserveRequest,
  ResetStatus,
  Volume,
  VolumeActions,
  VolumeAttachment,
  VolumeConnections,
  VolumeFilter,
} from './types.ts';
export { VolumeClaims } from './volume-claims.ts';
export type { SaveClaim, VolumeClaim } from './volume-claims.ts';
export { volumeConnections } from './volume-connections.ts';
