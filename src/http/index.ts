export { redirectError, TransportError } from './errors.ts';
export type { TransportPhase } from './errors.ts';
export { HttpTransport } from './transport.ts';
export type { TransportRequest, TransportResponse, Upload } from './transport.ts';
export type { TlsOptions, TransportOptions } from './transport-options.ts';
