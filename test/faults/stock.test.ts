import { it } from 'vitest';
import { everyNth, runMatrix } from './matrix.ts';

const set = { 'dpm.start_timeout': '1', 'dpm.spawn_order': 'stock' };
const legacy = { maxMicroversion: '3.43' };
const all = ['spawn', 'delete', 'attach', 'detach'];

it('stock order, attachments flow: nothing is left behind unnamed', { timeout: 900_000 }, async () => {
  await runMatrix('stock, attachments', { set }, all, everyNth(17, 3));
});

it('stock order, legacy flow: nothing is left behind unnamed', { timeout: 900_000 }, async () => {
  await runMatrix('stock, legacy', { set, cinder: legacy }, all, everyNth(19, 7));
});
