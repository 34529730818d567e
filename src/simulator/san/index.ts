export { createSan } from './san.ts';
export type { KeptSan } from './san.ts';
export { SanError } from './types.ts';
export type {
  DiscoveredLun,
  InitiatorTargetMap,
  LunForm,
  MapRequest,
  MaskRecord,
  ProbeFailure,
  ProbeResult,
  San,
  SanOptions,
  SanSnapshot,
  SanVolume,
  SimulatedSan,
  TargetPort,
  VolumeExport,
  ZoningOptions,
  ZoningPolicy,
} from './types.ts';
export { parseWwpn, parseWwpns } from './wwpn.ts';
