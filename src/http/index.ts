export { redirectError, TransportError } from './errors.ts';
export type { TransportPhase } from './errors.ts';
export { onRequestEnd } from './request-channel.ts';
export type { EndedRequest } from './request-channel.ts';
export { openTextSocket } from './text-socket.ts';
export type { SocketEnd, TextSocket } from './text-socket.ts';
export { HttpTransport } from './transport.ts';
export type { TransportRequest, TransportResponse, Upload } from './transport.ts';
export type { TlsOptions, TransportOptions } from './transport-options.ts';
