import { findError } from '../base/index.ts';
import type { CommandContext } from './context.ts';

/** For what runs in the foreground: to be interrupted is how it ends, and no failure. */
export async function untilAsked(context: CommandContext): Promise<void> {
  const { signal } = context.waiting;
  // Nothing else keeps the process alive for certain: servers may be told not to.
  const alive = setInterval(() => undefined, 60_000);
  try {
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
  } finally {
    clearInterval(alive);
  }
  if (findError(signal.reason, 'INTERRUPTED') === undefined) throw signal.reason;
}
