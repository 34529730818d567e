import { errorCodes } from 'nova-dpm';
import { inspect } from 'node:util';
import { must } from './check.ts';

/**
 * A typed error has a code of {@link errorCodes}, and a message for people. Told by its form, not by its class: a third
 * party's package may have a copy of this one.
 */
export function mustBeTyped(error: unknown, where: string): void {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  const isTyped = typeof code === 'string' && Object.hasOwn(errorCodes, code);
  must(isTyped, `${where} threw ${String(error)}, which is no DpmError with a code`);
  must(error instanceof Error && error.message.trim() !== '', `${where} threw an error without a message`);
}

/** All that an error can show: message, stack, facts, causes. */
export function wholeError(error: unknown): string {
  return inspect(error, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null });
}
