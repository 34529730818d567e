import type { HmcTiming } from './hmc/index.ts';
import type { CinderTiming } from './openstack/index.ts';
import type { Latency } from './server/index.ts';

/** Durations of everything that takes time on real equipment, in milliseconds. */
export interface SimulatorTiming {
  readonly hmc: Required<Pick<HmcTiming, 'startMs' | 'stopMs' | 'statusLagMs' | 'jobMs' | 'cancelMs' | 'discoveryMs'>>;
  readonly cinder: CinderTiming;
  /** Service time of Cinder requests that last until array and fabric have finished, by operation. */
  readonly services: Readonly<Record<string, number>>;
}

/**
 * Durations that are typical of real equipment. No public source states any of them, so all are assumed. They respect what
 * is known: python-zhmcclient waits up to an hour for a job and up to 15 minutes for a status (`_constants.py`,
 * DEFAULT_OPERATION_TIMEOUT, DEFAULT_STATUS_TIMEOUT). The HMC discovers LUNs every 10 minutes in every timing.
 */
export const realisticTiming: SimulatorTiming = {
  hmc: { startMs: 90_000, stopMs: 20_000, statusLagMs: 5_000, jobMs: 5_000, cancelMs: 2_000, discoveryMs: 30_000 },
  cinder: { scheduleMs: 1_000, createMs: 10_000, downloadMs: 60_000, deleteMs: 5_000, extendMs: 5_000 },
  services: {
    'Update Attachment': 8_000,
    'Delete Attachment': 5_000,
    'os-initialize_connection': 8_000,
    'os-terminate_connection': 5_000,
  },
};

/** Returns the realistic durations multiplied by a factor; 0 makes everything instant. */
export function scaledTiming(factor: number): SimulatorTiming {
  const scaled = <T extends object>(durations: T): T =>
    // Every value of these tables is a number of milliseconds.
    Object.fromEntries(Object.entries(durations).map(([name, ms]) => [name, Math.round(Number(ms) * factor)])) as T;
  const { hmc, cinder, services } = realisticTiming;
  return { hmc: scaled(hmc), cinder: scaled(cinder), services: scaled(services) };
}

/** Adds service times to a latency. */
export function addLatency(latency: Latency | undefined, services: Readonly<Record<string, number>>): Latency {
  const given = typeof latency === 'object' ? latency : { '*': latency ?? 0 };
  const added = Object.entries(services).map(([operation, ms]) => [
    operation,
    (given[operation] ?? given['*'] ?? 0) + ms,
  ]);
  return { ...given, ...(Object.fromEntries(added) as Record<string, number>) }; // pairs of text and number
}
