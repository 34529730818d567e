import type { Simulator, SimulatorSettings, SimulatorSnapshot } from '../../../src/simulator/index.ts';

/**
 * `away` and `back`: the HMC takes no connections, and takes them again. `hold` and `release`: no time passes for what
 * takes its time on the HMC, such as a start, and it passes again.
 */
export interface Command {
  readonly verb: 'look' | 'away' | 'back' | 'hold' | 'release';
}

export interface Reply {
  readonly seen: Seen;
  readonly settings: SimulatorSettings;
  readonly volumes: Simulator['volumes'];
}

/** What partitions held, at the worst moment since the start. */
export interface Most {
  /** In the status `starting` at one moment. */
  readonly starting: number;
  readonly memoryMib: number;
  readonly processors: number;
}

/** What the simulator has seen, and what it has now. */
export interface Seen {
  readonly most: Most;
  /** How often the sums were taken. */
  readonly looks: number;
  readonly partitions: readonly { readonly name: string; readonly status: string }[];
  readonly snapshot: SimulatorSnapshot;
}
