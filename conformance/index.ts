/**
 * Conformance checks for authors of volume drivers and host connectors, for any test runner.
 *
 * @packageDocumentation
 */
export { runChecks } from './check.ts';
export type { ConformanceCheck, ConformanceResult } from './check.ts';
export { hostConnectorChecks } from './connector.ts';
export type {
  HostConnectorCheckOptions,
  HostConnectorSubject,
  HostEvents,
  MakeHostConnector,
} from './connector-subject.ts';
export { conformanceInstance } from './rehearsal.ts';
export type { MakeVolumeDriver } from './rehearsal.ts';
export { volumeDriverChecks } from './volume-driver.ts';
export type { VolumeDriverCheckOptions } from './volume-driver.ts';
export type { VolumeDriverSample } from './volume-driver-subject.ts';
