/**
 * Milliseconds since the epoch; injected, so that tests move it and nothing needs a timer.
 * @public
 */
export type Now = () => number;

/** A moment as OpenStack's services write it: UTC with microseconds, without a zone. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000');
}
