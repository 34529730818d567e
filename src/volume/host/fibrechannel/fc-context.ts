import type { HostContext } from '../context.ts';
import type { FcTransport } from './transport.ts';

/** What the parts of the Fibre Channel connector work with. */
export interface FcContext extends HostContext {
  readonly transport: FcTransport;
  readonly useMultipath: boolean;
  readonly enforceMultipath: boolean;
}
