import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readFault } from '../../src/cinder-client/answers.ts';
import { readConnectionInfo } from '../../src/cinder-client/index.ts';
import { attachmentAnswer } from '../../src/cinder-client/wire/attachment.ts';
import { tokenAnswer } from '../../src/cinder-client/wire/keystone.ts';
import { readMaximum } from '../../src/cinder-client/wire/version.ts';
import { volumeAnswer, volumePage } from '../../src/cinder-client/wire/volume.ts';

/** What real Cinder and Keystone answered, kept for the simulator: read here with the client's own schemas. */
const directory = join(import.meta.dirname, '../fixtures/cinder/recorded');

const exchange = z.looseObject({
  step: z.string(),
  method: z.string(),
  path: z.string(),
  status: z.int(),
  answerHeaders: z.record(z.string(), z.string()).default({}),
  answer: z.unknown(),
});
type Exchange = z.output<typeof exchange>;
const recording = z.looseObject({ exchanges: z.array(exchange) });

const all = readdirSync(directory)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => {
    const { exchanges } = recording.parse(JSON.parse(readFileSync(join(directory, name), 'utf8')));
    return exchanges.map((one) => ({ ...one, file: name }));
  });

function has(answer: unknown, key: string): boolean {
  return typeof answer === 'object' && answer !== null && key in answer;
}

const isSuccess = ({ status }: Exchange) => status < 300;

test.each([
  ['volume', volumeAnswer, (one: Exchange) => isSuccess(one) && has(one.answer, 'volume')],
  ['page of volumes', volumePage, (one: Exchange) => isSuccess(one) && one.path.includes('/volumes/detail')],
  ['attachment', attachmentAnswer, (one: Exchange) => isSuccess(one) && has(one.answer, 'attachment')],
  [
    'token',
    tokenAnswer,
    (one: Exchange) => one.method === 'POST' && one.path.startsWith('/v3/auth/tokens') && isSuccess(one),
  ],
])('every recorded %s is read', (_what, schema: z.ZodType, choose) => {
  const chosen = all.filter(choose);

  expect(chosen.length).toBeGreaterThan(0);
  for (const one of chosen) expect(schema.safeParse(one.answer).error, `${one.file}: ${one.step}`).toBeUndefined();
});

test('every recorded refusal says why', () => {
  const refused = all.filter(({ status, method }) => status >= 400 && method !== 'HEAD');

  expect(refused.length).toBeGreaterThan(100);
  for (const { file, step, status, answer, answerHeaders } of refused) {
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer ?? '');
    const contentType = answerHeaders['content-type'] ?? '';
    const { message } = readFault({ status, text, contentType, headers: answerHeaders });
    expect(message, `${file}: ${step}`).not.toBe('');
    expect(message, `${file}: ${step}`).not.toMatch(/[<>\n]/);
  }
});

test('both recorded version documents tell the level', () => {
  const documents = all.filter(
    ({ answer }) => has(answer, 'versions') && has((answer as { versions: unknown }).versions, '0'),
  );

  expect(documents.length).toBeGreaterThan(1);
  for (const { answer } of documents) expect(readMaximum(JSON.stringify(answer), 'read')).toBe(70);
});

const shapes = z
  .looseObject({
    shapes: z.array(z.looseObject({ shape: z.string(), oldCall: z.unknown(), attachments: z.unknown() })),
  })
  .parse(JSON.parse(readFileSync(join(directory, '../transcripts/connection-shapes.json'), 'utf8'))).shapes;

test('the shapes are there', () => {
  expect(shapes).toHaveLength(20);
});

test.each(shapes)('old call and attachments call say the same of a volume: $shape', ({ oldCall, attachments }) => {
  expect(readRecorded(attachments)).toEqual(readRecorded(oldCall));
});

/** What depends on the array alone: a volume of its own stands behind each call. */
function readRecorded(info: unknown): unknown {
  const { driver_volume_type: type, data } = readConnectionInfo(info);
  const { volume_id: _volume, enforce_multipath: _multipath, ...rest } = data;
  return { type, ...rest };
}
