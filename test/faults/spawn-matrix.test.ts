import { it } from 'vitest';
import { runMatrix } from './matrix.ts';

it('spawn in deferred order, attachments flow: nothing is left behind unnamed', { timeout: 900_000 }, async () => {
  await runMatrix('spawn deferred, attachments', {}, ['spawn']);
});
