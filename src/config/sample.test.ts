import { expect, test } from 'vitest';
import { memoryFiles, messageOf } from '../../test/support/settings.ts';
import { configSample, loadSettings } from './index.ts';

test('the sample is a settings file that lacks only what cannot be guessed', () => {
  const missing = messageOf(() =>
    loadSettings({
      configFiles: ['/s'],
      env: {},
      cwd: '/',
      home: '/',
      hostname: 'h',
      files: memoryFiles({ '/s': configSample() }),
    }),
  );

  expect(missing.match(/\S+ is missing/g)).toEqual([
    'cinder.auth_type is missing',
    'dpm.cpc_object_id is missing',
    'dpm.hmc_password is missing',
  ]);
  expect(missing).not.toContain('is not known');
});

test('every line of the sample that is commented out can be taken in', () => {
  const uncommented = configSample()
    .split('\n')
    .filter((line) => !/^#\w+ =$/.test(line))
    .map((line) => line.replace(/^#(\w+ =)/, '$1'))
    .join('\n');
  const files = memoryFiles({ '/s': uncommented, '/etc/nova-dpm/hmc-password': 'x' });
  const message = messageOf(() =>
    loadSettings({ configFiles: ['/s'], env: {}, cwd: '/', home: '/', hostname: 'h', files }),
  );

  expect(message).not.toContain('is not known');
  // The sample's example of a cloud and of certificates are not on this machine.
  expect(message.match(/[a-z_]+\.[a-z_]+ =/g)).toEqual(['cinder.cloud =', 'dpm.hmc_ca_certs =']);
});
