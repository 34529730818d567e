import { describe, expect, test } from 'vitest';
import { refusalOf } from './answers.ts';
import { HmcHttpError } from './errors/index.ts';

const request = { method: 'GET', uri: '/api/cpcs/1' };

function messageOf(status: number, body?: unknown): string {
  return new HmcHttpError('get CPC 1', refusalOf({ status, body }, request)).message;
}

describe('each form of a refusal has a message of its own', () => {
  test.each([
    ['reason and message', 409, { reason: 6, message: 'not operating' }, '409.6 (not operating)'],
    [
      'a reason without a message, from the table of reasons',
      409,
      { reason: 272 },
      '409.272 (the CPC cannot report its properties now)',
    ],
    ['a reason that is not in the table', 409, { reason: 7777 }, '409.7777'],
    ['a reason that is a number as text', 403, { reason: '1', message: 'no permission' }, '403.1 (no permission)'],
    ['a reason that is words', 403, { reason: 'Forbidden' }, '403 (reason "Forbidden")'],
    ['a message without a reason', 502, { message: 'bad gateway' }, '502 (bad gateway; no reason is given)'],
    ['neither', 500, {}, '500 (no reason is given)'],
    ['no object', 500, [1], '500 (the answer is JSON, but not an error of the Web Services API)'],
    ['nothing at all', 502, undefined, '502 (the answer is empty)'],
    ['text', 502, 'Bad gateway: password=sesame', '502 (the answer is not JSON)'],
    ['a page without a title', 503, '<html><body>x</body></html>', '503 (the answer is an HTML page without a title)'],
    [
      'a page with a title',
      503,
      '<!DOCTYPE html>\n<html><head><title>\n Console Internal\n Error</title></head><body>secret</body></html>',
      '503 (the answer is an HTML page: "Console Internal Error")',
    ],
    [
      'the page of an HMC whose API is switched off',
      500,
      '<html><head><title>Error</title></head><body>javax.servlet.ServletException: Web Services are not enabled.</body></html>',
      '500 (the Web Services API is not enabled on this HMC)',
    ],
  ])('%s', (_what, status, body, ends) => {
    const message = messageOf(status, body);

    expect(message).toContain(`get CPC 1: the HMC answered ${ends}`);
    expect(message).not.toMatch(/sesame|secret|\n|999|900/);
  });
});
