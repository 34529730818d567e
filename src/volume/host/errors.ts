import { DpmError } from '../../base/index.ts';
import type { ErrorFacts } from '../../base/index.ts';

/**
 * This host cannot serve the request as it is set up: no connector for the protocol and platform, one that cannot be
 * loaded, no port that is online, no multipath where it is required. Nothing was changed.
 *
 * @public
 */
export class HostConnectorError extends DpmError {
  readonly code = 'HOST_CONNECTOR';
}

/**
 * A volume could not be attached to this host. What was begun has been taken back, but for what
 * {@link HostAttachError.leftBehind} names.
 *
 * @public
 */
export class HostAttachError extends DpmError {
  readonly code = 'VOLUME_ATTACH';
  readonly leftBehind: readonly string[];

  constructor(message: string, facts: ErrorFacts = {}, options?: { cause?: unknown; leftBehind?: readonly string[] }) {
    super(message, { ...facts, leftBehind: options?.leftBehind ?? [] }, options);
    this.leftBehind = options?.leftBehind ?? [];
  }
}

/** A volume could not be taken away; {@link HostDetachError.leftBehind} names each device that is still there. @public */
export class HostDetachError extends DpmError {
  readonly code = 'VOLUME_DETACH';
  readonly leftBehind: readonly string[];

  constructor(message: string, leftBehind: readonly string[], options?: { cause?: unknown }) {
    super(message, { leftBehind }, options);
    this.leftBehind = leftBehind;
  }
}

/** The volume is mounted, swapped on, or held by somebody; or is another than the one that was meant. Nothing was changed. @public */
export class VolumeInUseError extends DpmError {
  readonly code = 'CONFLICT';
}

/** A volume that Cinder has mapped came on no path; says of each path why. @public */
export class LunNotFoundError extends DpmError {
  readonly code = 'LUN_UNREACHABLE';
}
