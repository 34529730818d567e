import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { neverAborted } from '../base/index.ts';
import { askSecret } from './ask-secret.ts';

function terminal() {
  const shown: string[] = [];
  const input = new PassThrough();
  return { input, output: { write: (text: string) => shown.push(text) }, shown };
}

test('reads one line and shows the question alone', async () => {
  const { shown, ...at } = terminal();
  const answer = askSecret(at, 'Password: ', neverAborted());

  at.input.write('open sesame');
  at.input.write('\r');

  expect(await answer).toBe('open sesame');
  expect(shown).toEqual(['Password: ', '\n']);
});

test.each([
  ['Ctrl-C', 'half\u0003', 'INTERRUPTED'],
  ['Ctrl-D', '\u0004', 'CONFIG'],
])('%s ends it', async (_key, typed, code) => {
  const at = terminal();
  const answer = askSecret(at, 'Password: ', neverAborted());

  at.input.write(typed);

  await expect(answer).rejects.toMatchObject({ code });
});

test('the end of the command ends it', async () => {
  const controller = new AbortController();
  const answer = askSecret(terminal(), 'Password: ', controller.signal);

  controller.abort(new Error('too late'));

  await expect(answer).rejects.toThrow('too late');
});
