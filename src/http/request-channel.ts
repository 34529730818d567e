import { channel } from 'node:diagnostics_channel';

/** One request to a peer has ended. Without headers and bodies, which may hold secrets. */
export interface EndedRequest {
  /** Host and port of the peer. */
  readonly host: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** HTTP status, or the phase in which the request failed. */
  readonly outcome: number | string;
  readonly durationMs: number;
}

const requests = channel('nova-dpm.http');

/** Tells those who measure that a request has ended. Costs nothing if nobody listens. */
export function publishRequest(request: EndedRequest): void {
  if (requests.hasSubscribers) requests.publish(request);
}

/** Calls the listener after each request of this process, within the asynchronous context of the request. @returns a function that ends this */
export function onRequestEnd(listener: (request: EndedRequest) => void): () => void {
  const handle = (message: unknown) => listener(message as EndedRequest); // only publishRequest publishes
  requests.subscribe(handle);
  return () => {
    requests.unsubscribe(handle);
  };
}
