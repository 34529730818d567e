import { DpmError } from '../../base/index.ts';
import type { ErrorFacts } from '../../base/index.ts';

/**
 * The setup of this host does not allow the request: no connector for the protocol and platform, a connector that cannot
 * be loaded, no port online, or no multipath where it is required. Nothing was changed.
 *
 * @public
 */
export class HostConnectorError extends DpmError {
  readonly code = 'HOST_CONNECTOR';
}

/**
 * A volume could not be attached to this host. The attach was rolled back, except for the devices in
 * {@link HostAttachError.leftBehind}.
 *
 * @public
 */
export class HostAttachError extends DpmError {
  readonly code = 'VOLUME_ATTACH';
  readonly leftBehind: readonly string[];

  constructor(message: string, facts: ErrorFacts = {}, options?: { cause?: unknown; leftBehind?: readonly string[] }) {
    const leftBehind = options?.leftBehind ?? [];
    super(message, { ...facts, leftBehind }, options);
    this.leftBehind = leftBehind;
  }
}

/** A volume could not be removed; {@link HostDetachError.leftBehind} names each remaining device. @public */
export class HostDetachError extends DpmError {
  readonly code = 'VOLUME_DETACH';
  readonly leftBehind: readonly string[];

  constructor(message: string, leftBehind: readonly string[], options?: { cause?: unknown }) {
    super(message, { leftBehind }, options);
    this.leftBehind = leftBehind;
  }
}

/** The volume is mounted, used as swap or held, or is not the intended volume. Nothing was changed. @public */
export class VolumeInUseError extends DpmError {
  readonly code = 'CONFLICT';
}

/** A mapped volume did not appear on any path. Gives the reason for each path. @public */
export class LunNotFoundError extends DpmError {
  readonly code = 'LUN_UNREACHABLE';
}
