import { DpmError } from '../../base/index.ts';

/** connection_info is not valid for a Fibre Channel volume. Names the key and the value. @public */
export class ConnectionInfoError extends DpmError {
  readonly code = 'CONNECTION_INFO';
}

/** No path of a volume is usable. Gives the reason for each initiator and target. @public */
export class NoUsableTargetError extends DpmError {
  readonly code = 'NO_USABLE_TARGET';
}
