import { DpmError } from '../../base/index.ts';

/** connection_info says something that no Fibre Channel volume can mean. Names the key and the value. @public */
export class ConnectionInfoError extends DpmError {
  readonly code = 'CONNECTION_INFO';
}

/** No path of a volume is usable; says of each initiator and target why. @public */
export class NoUsableTargetError extends DpmError {
  readonly code = 'NO_USABLE_TARGET';
}
