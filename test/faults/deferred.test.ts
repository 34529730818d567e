import { it } from 'vitest';
import { everyNth, runMatrix } from './matrix.ts';

const set = { 'dpm.start_timeout': '1' };
const legacy = { maxMicroversion: '3.43' };
const all = ['spawn', 'delete', 'attach', 'detach'];

it('deferred order, attachments flow: nothing is left behind unnamed', { timeout: 900_000 }, async () => {
  await runMatrix('deferred, attachments', { set }, all, everyNth(13, 0));
});

it('deferred order, legacy flow: nothing is left behind unnamed', { timeout: 900_000 }, async () => {
  await runMatrix('deferred, legacy', { set, cinder: legacy }, all, everyNth(17, 5));
});
