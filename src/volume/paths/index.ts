export { drawSvg } from './draw-svg.ts';
export { drawText } from './draw-text.ts';
export type { HostFinding } from './host-orphans.ts';
export { HostView } from './host-view.ts';
export type { HostViewOptions, RepairedOnHost } from './host-view.ts';
export type { KnownVolume } from './ownership.ts';
export { askHosts } from './service/client.ts';
export type { PathSource } from './service/schemas.ts';
export { PathService } from './service/server.ts';
