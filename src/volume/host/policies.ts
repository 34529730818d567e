import type { RetryPolicy, WaitPolicy } from '../../base/index.ts';

/** Waits and retries of a host connector. @public */
export interface HostPolicies {
  /** Maximum number of scans for a LUN that does not appear. */
  readonly scanAttempts: number;
  /** Wait for the devices after each scan. */
  readonly devices: WaitPolicy;
  /** Wait for a target port, and again after a rescan. */
  readonly targetPorts: WaitPolicy;
  /** Wait for an FCP device to be online with its link up. */
  readonly online: WaitPolicy;
  /** Wait for a multipath map with all its paths. */
  readonly multipath: WaitPolicy;
  /** Wait for a deleted device to be gone. */
  readonly removal: WaitPolicy;
  /** Wait for all paths to show the new size, or to be writable. */
  readonly resize: WaitPolicy;
  /** How to retry while udev or lvm has a device open, or multipathd is busy. */
  readonly holders: RetryPolicy;
  /** Maximum number of times that a map is removed if multipathd creates it again. */
  readonly flushAttempts: number;
  readonly flushTimeoutMs: number;
  readonly commandTimeoutMs: number;
  /** Deadline for the rollback of a failed connect, which ignores the signal of the caller. */
  readonly rollbackTimeoutMs: number;
}

const second = 1000;
const polled = { minDelayMs: 100, maxDelayMs: second };

/** @public */
export const defaultHostPolicies: HostPolicies = {
  // os-brick's device_scan_attempts
  scanAttempts: 3,
  // 10 s for port directories, 10 s for by-path nodes. Source: feilong zvmsdk volume templates.
  devices: { ...polled, timeoutMs: 10 * second },
  targetPorts: { ...polled, timeoutMs: 10 * second },
  online: { ...polled, timeoutMs: 60 * second },
  multipath: { ...polled, timeoutMs: 10 * second },
  // os-brick: 61 times half a second
  removal: { minDelayMs: 100, maxDelayMs: 500, timeoutMs: 30 * second },
  resize: { ...polled, timeoutMs: 30 * second },
  // For comparison: os-brick, oVirt and LXD wait 5 to 30 s.
  holders: { attempts: 20, firstDelayMs: 100, maxDelayMs: second, factor: 2, budgetMs: 15 * second },
  // os-brick: `multipath -f` three times, 300 s each
  flushAttempts: 3,
  flushTimeoutMs: 300 * second,
  commandTimeoutMs: 60 * second,
  rollbackTimeoutMs: 300 * second,
};
