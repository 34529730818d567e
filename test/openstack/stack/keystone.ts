import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PYTHON, pythonScripts } from './processes.ts';
import { adminPassword, databaseUrl, keptDirectory, urlOf, writeSettings, type Bed, type Service } from './settings.ts';

export function keystone(bed: Bed): Service {
  const { processes, ports } = bed;
  const keys = (name: string) => join(keptDirectory(bed), name);
  const file = join(bed.directory, 'etc/keystone.conf');
  const manage = async (...args: string[]) =>
    await processes.run('keystone-manage', { command: 'keystone-manage', args: ['--config-file', file, ...args] });
  return {
    name: 'keystone',
    databases: ['keystone'],
    catalogue: { type: 'identity', url: urlOf(ports.keystone, '/v3') },
    configure: () => {
      writeSettings(bed, 'keystone', {
        DEFAULT: { debug: 'false' },
        database: { connection: databaseUrl(bed, 'keystone') },
        token: { provider: 'fernet', expiration: 7200 },
        // Without a cache, a token takes 170 queries.
        cache: { enabled: 'true', backend: 'oslo_cache.dict', expiration_time: 3600 },
        fernet_tokens: { key_repository: keys('fernet') },
        fernet_receipts: { key_repository: keys('fernet') },
        credential: { key_repository: keys('credential') },
        // Hashes of few rounds: the passwords protect nothing.
        identity: { password_hash_rounds: 4 },
      });
    },
    migrate: async () => {
      for (const name of ['fernet', 'credential']) mkdirSync(keys(name), { recursive: true, mode: 0o700 });
      await manage('db_sync');
      const owner = ['--keystone-user', 'root', '--keystone-group', 'root'];
      await manage('fernet_setup', ...owner);
      await manage('credential_setup', ...owner);
      await manage('bootstrap', '--bootstrap-password', adminPassword);
    },
    start: async () => {
      const args = [join(pythonScripts, 'run_wsgi.py'), 'keystone', String(ports.keystone), file];
      processes.start('keystone', { command: PYTHON, args });
      await processes.until('Keystone answers', 120, ['keystone'], async () => {
        return (await fetch(urlOf(ports.keystone, '/v3'))).ok;
      });
      return ['keystone'];
    },
  };
}
