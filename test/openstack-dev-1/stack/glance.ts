import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PYTHON, pythonScripts } from './processes.ts';
import { authtoken, databaseUrl, quiet, urlOf, writeSettings, type Bed, type Service } from './settings.ts';

/** Glance with a store of files. */
export function glance(bed: Bed): Service {
  const { directory, stock, processes, ports } = bed;
  const settings = () => ({
    DEFAULT: {
      ...quiet,
      bind_host: '127.0.0.1',
      bind_port: ports.glance,
      workers: 0,
      enabled_backends: 'files:file',
      enabled_import_methods: '[]',
      node_staging_uri: `file://${join(directory, 'glance/staging')}`,
      scrubber_datadir: join(directory, 'glance/scrubber'),
    },
    database: { connection: databaseUrl(bed, 'glance') },
    glance_store: { default_backend: 'files' },
    files: { filesystem_store_datadir: join(directory, 'glance/images') },
    os_glance_staging_store: { filesystem_store_datadir: join(directory, 'glance/staging') },
    os_glance_tasks_store: { filesystem_store_datadir: join(directory, 'glance/tasks') },
    keystone_authtoken: authtoken(bed, 'glance'),
    paste_deploy: { flavor: 'keystone', config_file: join(stock, 'glance-api-paste.ini') },
    oslo_concurrency: { lock_path: join(directory, 'lock') },
  });
  const file = join(directory, 'etc/glance.conf');
  const script = join(pythonScripts, 'run_service.py');
  return {
    name: 'glance',
    databases: ['glance'],
    catalogue: { type: 'image', url: urlOf(ports.glance) },
    migrate: async () => {
      const args = [script, 'glance.cmd.manage', '--config-file', file, 'db_sync'];
      await processes.run('glance-manage', { command: PYTHON, args });
    },
    configure: () => {
      for (const name of ['images', 'staging', 'tasks']) {
        mkdirSync(join(directory, 'glance', name), { recursive: true });
      }
      writeSettings(bed, 'glance', settings());
    },
    start: () => {
      const args = [script, 'glance.cmd.api', '--config-file', file];
      processes.start('glance', { command: PYTHON, args });
      return Promise.resolve(['glance']);
    },
  };
}
