import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { silentLogger } from '../base/index.ts';
import { HmcAuthError } from '../hmc-client/errors/index.ts';
import type { Settings } from '../config/index.ts';
import { startService } from './service.ts';

const directory = mkdtempSync(join(tmpdir(), 'dpm-service-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('refused credentials are tried once for each load of the settings, since an HMC disables a user after several', async () => {
  let attempts = 0;
  const tried: (() => void)[] = [];
  const settings = { host: 'compute1', statePath: directory, computeDriver: 'dpm.DPMDriver' } as Settings; // what a reload compares
  await using service = await startService({
    settings,
    listens: [{ kind: 'socket', path: join(directory, 's.sock') }],
    open: async () => {
      attempts += 1;
      tried.shift()?.();
      const facts = { host: 'hmc1', userid: 'dpm', status: 403, reason: 0 };
      return await Promise.reject(new HmcAuthError('the HMC refuses the logon', facts));
    },
    log: silentLogger,
    describe: () => ({ code: 'INTERNAL', message: '', left_behind: [], advice: null }),
    release: '0',
  });
  let hasEnded = false;
  void service.ready.catch(() => (hasEnded = true));
  await new Promise(setImmediate);
  expect({ attempts, hasEnded }).toEqual({ attempts: 1, hasEnded: false });

  const again = new Promise<void>((resolve) => tried.push(resolve));
  await service.reload(settings);
  await again;

  await new Promise(setImmediate);
  expect({ attempts, hasEnded }).toEqual({ attempts: 2, hasEnded: false });
});
