import { join } from 'node:path';
import { PYTHON, pythonScripts } from './processes.ts';
import {
  authtoken,
  databaseUrl,
  logon,
  quiet,
  urlOf,
  writeSettings,
  type Bed,
  type Sections,
  type Service,
} from './settings.ts';

const script = join(pythonScripts, 'run_service.py');

/** Nova without nova-compute. */
export function nova(bed: Bed): Service {
  const { directory, stock, processes, ports } = bed;
  const settings = (): Sections => ({
    DEFAULT: {
      ...quiet,
      host: 'controller',
      my_ip: '127.0.0.1',
      transport_url: transportUrl(bed),
      compute_driver: 'dpm.DPMDriver',
      enabled_apis: 'osapi_compute',
      osapi_compute_listen: '127.0.0.1',
      osapi_compute_listen_port: ports.nova,
      osapi_compute_workers: 1,
      state_path: join(directory, 'nova'),
      report_interval: 5,
      service_down_time: 30,
      rpc_response_timeout: 60,
      vif_plugging_is_fatal: 'false',
      vif_plugging_timeout: 0,
      heal_instance_info_cache_interval: -1,
      running_deleted_instance_action: 'log',
      resume_guests_state_on_host_boot: 'true',
      shelved_offload_time: 0,
      reimage_timeout_per_gb: 60,
      block_device_allocate_retries: 60,
      block_device_allocate_retries_interval: 1,
      max_concurrent_builds: 50,
      allow_resize_to_same_host: 'true',
      default_log_levels:
        'amqp=WARN,amqplib=WARN,sqlalchemy=WARN,oslo.messaging=INFO,oslo_messaging=INFO,keystonemiddleware=WARN,eventlet.wsgi.server=WARN',
    },
    api: { auth_strategy: 'keystone' },
    wsgi: { api_paste_config: join(stock, 'nova-api-paste.ini') },
    api_database: { connection: databaseUrl(bed, 'nova_api') },
    database: { connection: databaseUrl(bed, 'nova') },
    oslo_concurrency: { lock_path: join(directory, 'lock') },
    conductor: { workers: 1 },
    scheduler: { workers: 1, discover_hosts_in_cells_interval: -1, max_attempts: 3 },
    quota: { instances: -1, cores: -1, ram: -1 },
    keystone_authtoken: authtoken(bed, 'nova'),
    service_user: { ...logon(bed, 'nova'), send_service_user_token: 'true' },
    placement: logon(bed, 'nova'),
    neutron: logon(bed, 'nova'),
    cinder: { ...logon(bed, 'nova'), catalog_info: 'volumev3:cinder:publicURL', os_region_name: 'RegionOne' },
    glance: { endpoint_override: urlOf(ports.glance) },
    vnc: { enabled: 'false' },
    spice: { enabled: 'false' },
    cache: { enabled: 'false' },
    oslo_messaging_notifications: { driver: 'noop' },
    filter_scheduler: {
      enabled_filters: 'ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter',
      shuffle_best_same_weighed_hosts: 'true',
      // Scenarios with failures come before those that need every host.
      build_failure_weight_multiplier: 0,
    },
  });
  const manage = async (...args: string[]) => {
    const words = [script, 'nova.cmd.manage', '--config-file', join(directory, 'etc/nova.conf'), ...args];
    await processes.run('nova-manage', { command: PYTHON, args: words });
  };
  return {
    name: 'nova',
    databases: ['nova_api', 'nova_cell0', 'nova'],
    catalogue: { type: 'compute', url: urlOf(ports.nova, '/v2.1') },
    configure: () => void writeSettings(bed, 'nova', settings()),
    migrate: async () => {
      await manage('api_db', 'sync');
      await manage('cell_v2', 'map_cell0', '--database_connection', databaseUrl(bed, 'nova_cell0'));
      // Both cells.
      await manage('db', 'sync');
      await manage('cell_v2', 'create_cell', '--name', 'cell1');
    },
    start: () => {
      const names = ['conductor', 'scheduler', 'api'].map((part) => {
        const args = [script, `nova.cmd.${part}`, '--config-file', join(directory, 'etc/nova.conf')];
        processes.start(`nova-${part}`, { command: PYTHON, args });
        return `nova-${part}`;
      });
      return Promise.resolve(names);
    },
  };
}

/**
 * SQL that replaces the addresses of the migration by those of this run, and maps the hosts, for which Nova itself
 * would need a minute.
 */
export function cellsOf(bed: Bed, hosts: readonly string[]): string {
  const place = (cell: string, database: string, transport: string) =>
    `update cell_mappings set database_connection = '${databaseUrl(bed, database)}', transport_url = '${transport}' where name = '${cell}';`;
  const map = (host: string) =>
    `insert into host_mappings (created_at, cell_id, host) select now(), id, '${host}' from cell_mappings where name = 'cell1';`;
  return [place('cell0', 'nova_cell0', 'none:///'), place('cell1', 'nova', transportUrl(bed)), ...hosts.map(map)].join(
    '\n',
  );
}

function transportUrl({ ports }: Bed): string {
  return `rabbit://guest:guest@127.0.0.1:${ports.rabbit}/`;
}

export interface ComputeHost {
  readonly host: string;
  /** Options of nova-compute for this host, by section. */
  readonly settings: Sections;
  /** Directories of drivers, which are added to the package nova.virt. */
  readonly drivers: readonly string[];
}

/** Starts nova-compute of one host, and returns the name of its process. */
export function startCompute(bed: Bed, { host, settings, drivers }: ComputeHost): string {
  const name = `nova-compute-${host}`;
  const { DEFAULT, ...others } = settings;
  const own = writeSettings(bed, name, {
    DEFAULT: { ...DEFAULT, host, state_path: join(bed.directory, host) },
    ...others,
  });
  const args = [
    script,
    'nova.cmd.compute',
    '--config-file',
    join(bed.directory, 'etc/nova.conf'),
    '--config-file',
    own,
  ];
  bed.processes.start(name, { command: PYTHON, args, env: { NOVA_VIRT_PATH: drivers.join(':') } });
  return name;
}
