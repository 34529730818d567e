import { join } from 'node:path';
import { PYTHON, pythonScripts } from './processes.ts';
import { authtoken, databaseUrl, logon, quiet, urlOf, writeSettings, type Bed, type Service } from './settings.ts';

/** Cinder with the volume driver of the simulated SAN. @param sanUrl - URL of the SAN's control API */
export function cinder(bed: Bed, sanUrl: string): Service {
  const { directory, stock, processes, ports } = bed;
  const settings = () => ({
    DEFAULT: {
      ...quiet,
      host: 'test-bed',
      my_ip: '127.0.0.1',
      // API, scheduler and volume service are one process.
      transport_url: 'fake:///',
      auth_strategy: 'keystone',
      api_paste_config: join(stock, 'cinder-api-paste.ini'),
      resource_query_filters_file: join(stock, 'cinder-resource-filters.json'),
      state_path: join(directory, 'cinder'),
      image_conversion_dir: join(directory, 'cinder/conversion'),
      enabled_backends: 'san',
      default_volume_type: '__DEFAULT__',
      osapi_volume_listen: '127.0.0.1',
      osapi_volume_listen_port: ports.cinder,
      osapi_volume_workers: 1,
      osapi_max_limit: 1000,
      glance_api_servers: urlOf(ports.glance),
      report_interval: 5,
      service_down_time: 300,
      scheduler_driver_init_wait_time: 5,
      allowed_direct_url_schemes: '',
      quota_volumes: -1,
      quota_gigabytes: -1,
      quota_snapshots: -1,
      default_log_levels:
        'amqp=WARN,sqlalchemy=WARN,oslo_messaging=ERROR,oslo.messaging=ERROR,eventlet.wsgi=WARN,cinder.volume.drivers=INFO',
    },
    database: { connection: databaseUrl(bed, 'cinder') },
    oslo_concurrency: { lock_path: join(directory, 'lock') },
    coordination: { backend_url: `file://${join(directory, 'lock')}` },
    keystone_authtoken: authtoken(bed, 'cinder'),
    nova: { ...logon(bed, 'nova'), interface: 'public' },
    service_user: { ...logon(bed, 'cinder'), send_service_user_token: 'true' },
    san: {
      volume_driver: 'san_driver.SimulatedSanDriver',
      volume_backend_name: 'san',
      san_control_url: sanUrl,
    },
  });
  const file = join(directory, 'etc/cinder.conf');
  return {
    name: 'cinder',
    databases: ['cinder'],
    catalogue: { type: 'volumev3', url: urlOf(ports.cinder, '/v3/%(project_id)s') },
    migrate: async () => {
      const args = [join(pythonScripts, 'run_service.py'), 'cinder.cmd.manage', '--config-file', file, 'db', 'sync'];
      await processes.run('cinder-manage', { command: PYTHON, args });
    },
    configure: () => void writeSettings(bed, 'cinder', settings()),
    start: () => {
      const args = [join(pythonScripts, 'run_cinder.py'), '--config-file', file];
      processes.start('cinder', { command: PYTHON, args });
      return Promise.resolve(['cinder']);
    },
  };
}
