import { join } from 'node:path';
import { PYTHON, pythonScripts } from './processes.ts';
import { authtoken, databaseUrl, urlOf, writeSettings, type Bed, type Service } from './settings.ts';

export function placement(bed: Bed): Service {
  const { processes, ports } = bed;
  const file = join(bed.directory, 'etc/placement.conf');
  return {
    name: 'placement',
    databases: ['placement'],
    catalogue: { type: 'placement', url: urlOf(ports.placement) },
    configure: () => {
      writeSettings(bed, 'placement', {
        DEFAULT: { debug: 'false' },
        api: { auth_strategy: 'keystone' },
        placement_database: { connection: databaseUrl(bed, 'placement') },
        keystone_authtoken: authtoken(bed, 'placement'),
      });
    },
    migrate: async () => {
      const args = ['--config-file', file, 'db', 'sync'];
      await processes.run('placement-manage', { command: 'placement-manage', args });
    },
    start: () => {
      const args = [join(pythonScripts, 'run_wsgi.py'), 'placement', String(ports.placement), file];
      processes.start('placement', { command: PYTHON, args });
      return Promise.resolve(['placement']);
    },
  };
}
