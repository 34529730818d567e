import { expect, test } from 'vitest';
import { EscapeKeys } from './console-session.ts';

const ESCAPE = '\u001D';

/** Returns what happens at each piece of text that is typed, in order. */
function happenings(...typed: readonly string[]): readonly string[] {
  const happened: string[] = [];
  const keys = new EscapeKeys({
    type: (text) => happened.push(`type ${text}`),
    leave: () => happened.push('leave'),
    tellSize: () => happened.push('size'),
    help: () => happened.push('help'),
  });
  for (const text of typed) keys.take(text);
  return happened;
}

test.each([
  ['ordinary keys, Ctrl-C and Ctrl-Z go to the guest', ['ls\r\u0003\u001A'], ['type ls\r\u0003\u001A']],
  ['Ctrl-] . leaves, also in two pieces', [ESCAPE, '.'], ['leave']],
  ['keys around a command keep their order', [`a${ESCAPE}rb`], ['type a', 'size', 'type b']],
  ['Ctrl-] Ctrl-] types it once', [`${ESCAPE}${ESCAPE}.`], [`type ${ESCAPE}`, 'type .']],
  ['another key after Ctrl-] shows the help and is not typed', [`${ESCAPE}x`, 'y'], ['help', 'type y']],
])('%s', (_, typed, expected) => {
  expect(happenings(...typed)).toEqual(expected);
});
