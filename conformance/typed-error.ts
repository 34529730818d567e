import { errorCodes } from 'nova-dpm';
import { inspect } from 'node:util';
import { must } from './check.ts';

/**
 * Checks that an error has a code of {@link errorCodes} and a message. Does not check its class, because a third
 * party's package may have its own copy of nova-dpm.
 */
export function mustBeTyped(error: unknown, where: string): void {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  const isTyped = typeof code === 'string' && Object.hasOwn(errorCodes, code);
  must(isTyped, `${where} threw ${String(error)}, expected a DpmError with a code`);
  must(error instanceof Error && error.message.trim() !== '', `${where} threw an error without a message`);
}

/** Returns every text of an error: message, stack, facts, causes. */
export function wholeError(error: unknown): string {
  return inspect(error, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null });
}
