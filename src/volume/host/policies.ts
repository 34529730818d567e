import type { WaitPolicy } from '../../base/index.ts';

/** How long a connector waits, and how often it tries. Data, so that tests and settings can replace it. @public */
export interface HostPolicies {
  /** How often the host is asked to look for a LUN that does not come. */
  readonly scanAttempts: number;
  /** For the devices to come, after each time the host was asked. */
  readonly devices: WaitPolicy;
  /** For a target port to be there: by itself, and once more after a rescan. */
  readonly targetPorts: WaitPolicy;
  /** For an FCP device to be online, and its link up. */
  readonly online: WaitPolicy;
  /** For a multipath map, with all its paths. */
  readonly multipath: WaitPolicy;
  /** For a device to be gone after it was deleted. */
  readonly removal: WaitPolicy;
  /** For all paths to show the new size, or that they can be written to. */
  readonly resize: WaitPolicy;
  readonly flushAttempts: number;
  readonly flushTimeoutMs: number;
  readonly commandTimeoutMs: number;
  /** For taking back a connect that failed, whatever the caller's signal says by then. */
  readonly rollbackTimeoutMs: number;
}

const second = 1000;
const polled = { minDelayMs: 100, maxDelayMs: second };

/** @public */
export const defaultHostPolicies: HostPolicies = {
  // os-brick's device_scan_attempts
  scanAttempts: 3,
  // feilong's proven figures: 10 s for port directories, 10 s for by-path nodes. Source: feilong zvmsdk volume
  // templates.
  devices: { ...polled, timeoutMs: 10 * second },
  targetPorts: { ...polled, timeoutMs: 10 * second },
  online: { ...polled, timeoutMs: 60 * second },
  multipath: { ...polled, timeoutMs: 10 * second },
  // os-brick: 61 times half a second
  removal: { minDelayMs: 100, maxDelayMs: 500, timeoutMs: 30 * second },
  resize: { ...polled, timeoutMs: 30 * second },
  // os-brick: `multipath -f` three times, 300 s each
  flushAttempts: 3,
  flushTimeoutMs: 300 * second,
  commandTimeoutMs: 60 * second,
  rollbackTimeoutMs: 300 * second,
};
