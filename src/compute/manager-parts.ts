import type { LocalVolumes } from './local/index.ts';
import type { Share } from './claims.ts';
import type { ManagerServices } from './services.ts';
import type { VolumeKeeper } from './volumes.ts';
import type { WaitingRequests } from './waiting-requests.ts';

/** The parts of a manager. `openManager` creates them from settings. */
export interface ManagerParts extends ManagerServices {
  readonly volumes: VolumeKeeper;
  /** Volumes that are attached without Nova. */
  readonly local: LocalVolumes;
  /** Servers that the running service is to create. */
  readonly requests: WaitingRequests;
  /** Removes ended flows and actions that are older than the settings allow. */
  readonly pruneHistory: () => void;
  readonly share: Share;
  readonly spawnOrder: 'deferred' | 'stock';
  /** Concurrent builds, and the longest wait for a turn in milliseconds. */
  readonly limits: { readonly builds: number; readonly waitMs: number };
  readonly close: () => Promise<void>;
}
