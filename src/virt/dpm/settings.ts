import type { FulfilmentPolicy } from '../../partition/storage-group/index.ts';
import type { RetryPolicy, Secret, Wwpn } from '../../base/index.ts';
import type { HmcSessionOptions } from '../../hmc-client/index.ts';
import type { AdapterPort, LifecyclePolicy } from '../../partition/index.ts';
import type { ConnectorRules, VolumeDriverEntry } from '../../volume/index.ts';

/** The part of the settings that the DPM driver works from. */
export interface DpmDriverSettings {
  readonly host: string;
  readonly hmc: {
    readonly urls: readonly string[];
    readonly userid: string;
    readonly password: () => Promise<Secret>;
    readonly ca: string | undefined;
    readonly insecure: boolean;
    readonly maxConcurrent: number;
    readonly client: Pick<HmcSessionOptions, 'policies' | 'timeouts'>;
  };
  readonly cpc: { readonly objectId: string } | { readonly name: string };
  readonly maxProcessors: number;
  readonly maxMemoryMib: number;
  readonly memoryIncrementMib: number;
  readonly adapterPorts: readonly AdapterPort[];
  readonly ignoredTargets: ReadonlySet<Wwpn>;
  readonly volumeDrivers: readonly VolumeDriverEntry[];
  /** Where the modules of volume drivers are looked for. */
  readonly baseDir: string;
  readonly connector: ConnectorRules;
  readonly bootAttempts: number;
  /** Time after which the machine gives up a load; an instance may have its own. */
  readonly bootTimeoutSeconds: number;
  /** Start each new partition once without a boot device, for fabrics that know only ports that have logged in. */
  readonly loginBeforeZoning: boolean;
  readonly fulfilment: FulfilmentPolicy;
  readonly lifecycle: LifecyclePolicy;
  readonly undo: { readonly retry: RetryPolicy; readonly timeoutMs: number };
}
