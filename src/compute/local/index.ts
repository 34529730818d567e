export { HostPlace } from './host-place.ts';
export type { LocalHost, MultipathChoice } from './host-place.ts';
export { LocalVolumes } from './local-volumes.ts';
export type { LocalAttachRequest, LocalDetachRequest } from './local-volumes.ts';
export { ownerOf, ownerOfHost } from './open-flows.ts';
export { describePlace, deviceInfoSchema, isLeftover, LocalVolumeStore } from './records.ts';
export type { KeptDeviceInfo, LocalVolume } from './records.ts';
export type { DetachedVolume, LocalAttachment } from './views.ts';
