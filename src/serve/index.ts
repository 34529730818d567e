import type { Settings } from '../config/index.ts';
import type { Backend, BackendOptions } from './backend.ts';
import type { Service, ServiceOptions } from './service.ts';

export type { Backend, BackendOptions } from './backend.ts';
export { startDuties } from './duties.ts';
export type { Clock, DutiesOptions, DutyEnd, DutyName } from './duties.ts';
export type { DescribeFailure } from './errors.ts';
export { startPathService } from './path-service.ts';
export type { Listen } from './server.ts';
export type { Service } from './service.ts';

// The path service is started without driver and compute manager, which take a while to load.

/** Opens what the service serves. @throws ConfigError, JournalError, or the errors of the driver's `initHost` */
export async function openBackend(settings: Settings, options: BackendOptions, signal: AbortSignal): Promise<Backend> {
  const { openBackend: open } = await import('./backend.ts');
  return await open(settings, options, signal);
}

/** Starts the service. It listens at once, and refuses calls of the driver until the driver is initialised. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { startService: start } = await import('./service.ts');
  return await start(options);
}
