import { ConfigError } from '../base/index.ts';
import type { AdapterPort } from './naming.ts';

const option = 'dpm.physical_storage_adapter_mappings';

/** Volumes of Cinder are reached over FCP adapter ports; storage groups that are there already bring their own. */
export function requireAnyPort(ports: readonly AdapterPort[]): void {
  if (ports.length > 0) return;
  throw new ConfigError(`${option} names no adapter port: volumes of Cinder need at least one FCP adapter port`, {
    option,
  });
}
