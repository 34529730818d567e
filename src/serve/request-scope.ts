import { AsyncLocalStorage } from 'node:async_hooks';

const scope = new AsyncLocalStorage<string>();

/** Runs work on behalf of a request: whatever it logs or asks of a peer has this request id. */
export function withinRequest<T>(requestId: string, work: () => T): T {
  return scope.run(requestId, work);
}

/** Returns the id of the request that the calling code works for; undefined in the background. */
export function currentRequestId(): string | undefined {
  return scope.getStore();
}
