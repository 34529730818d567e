import { defaultFulfilmentPolicy } from '../../partition/storage-group/index.ts';
import type { FulfilmentPolicy } from '../../partition/storage-group/index.ts';
import type { Secret, UndoPolicy, Wwpn } from '../../base/index.ts';
import type { HmcSessionOptions } from '../../hmc-client/index.ts';
import { defaultLifecyclePolicy } from '../../partition/index.ts';
import type { AdapterPort, LifecyclePolicy } from '../../partition/index.ts';
import type { ConnectorRules, VolumeDriverEntry } from '../../volume/index.ts';

/** When all partitions are read. @public */
export interface PowerWatchPolicy {
  /** Period while notifications arrive: they may be lost without a sign. */
  readonly safetyNetMs: number;
  /** Period while no notifications arrive. */
  readonly pollMs: number;
  /** Shortest pause between two reads. */
  readonly gapMs: number;
}

export const defaultPowerWatchPolicy: PowerWatchPolicy = { safetyNetMs: 600_000, pollMs: 30_000, gapMs: 250 };

/** The settings of the DPM driver. */
export interface DpmDriverSettings {
  readonly host: string;
  readonly hmc: {
    readonly urls: readonly string[];
    readonly userid: string;
    readonly password: () => Promise<Secret>;
    readonly ca: string | undefined;
    readonly insecure: boolean;
    /** Port for notifications; 0: poll. */
    readonly messagePort: number;
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
  /** The directory of the modules of volume drivers. */
  readonly baseDir: string;
  readonly connector: ConnectorRules;
  readonly bootAttempts: number;
  /** The machine's time limit for a load; an instance may have its own. */
  readonly bootTimeoutSeconds: number;
  /** Start each new partition once without a boot device, for fabrics that zone only ports that have logged in. */
  readonly loginBeforeZoning: boolean;
  readonly fulfilment: FulfilmentPolicy;
  readonly lifecycle: LifecyclePolicy;
  readonly imageLagMs: number;
  readonly undo: UndoPolicy;
  readonly powerWatch: PowerWatchPolicy;
}

/** Settings that tests change, and few users. @public */
export interface DpmPolicies {
  readonly lifecycle: LifecyclePolicy;
  /** How long DPM may take to find the LUNs of storage groups. */
  readonly fulfilment: FulfilmentPolicy;
  /** How long the HMC may take to mount an ISO image after an upload that had no answer. */
  readonly imageLagMs: number;
  readonly undo: UndoPolicy;
  readonly powerWatch: PowerWatchPolicy;
  /** The machine's memory granularity, for which there is no public source. */
  readonly memoryIncrementMib: number;
  /** Deadlines and retries of the HMC client; omitted values have its defaults. */
  readonly hmc: Pick<HmcSessionOptions, 'policies' | 'timeouts'>;
}

/** @public */
export const defaultDpmPolicies: DpmPolicies = {
  lifecycle: defaultLifecyclePolicy,
  fulfilment: defaultFulfilmentPolicy,
  imageLagMs: 30_000, // this client's choice
  undo: {
    retry: { attempts: 4, firstDelayMs: 500, maxDelayMs: 10_000, factor: 2, budgetMs: 120_000 },
    timeoutMs: 900_000,
  },
  powerWatch: defaultPowerWatchPolicy,
  memoryIncrementMib: 1024,
  hmc: {},
};
