import { findError } from '../base/index.ts';
import type { CommandContext } from './context.ts';

/** Waits until the command is interrupted, which is not a failure. @throws any other reason of the signal */
export async function untilAsked(context: CommandContext): Promise<void> {
  const { signal } = context.waiting;
  // Keeps the process alive, which servers may not do.
  const alive = setInterval(() => undefined, 60_000);
  try {
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve());
    });
  } finally {
    clearInterval(alive);
  }
  if (findError(signal.reason, 'INTERRUPTED') === undefined) throw signal.reason;
}
