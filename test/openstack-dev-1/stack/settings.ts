import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Processes } from './processes.ts';

/** Passwords of services that only listen on loopback and end with the run. */
export const adminPassword = 'admin-of-the-test-bed';
export const servicePassword = 'service-of-the-test-bed';

export type Sections = Readonly<Record<string, Readonly<Record<string, string | number>>>>;

/** What the modules of the services share. */
export interface Bed {
  /** State, settings and logs of this run. */
  readonly directory: string;
  /** Stock files of the packages, such as api-paste.ini. */
  readonly stock: string;
  readonly processes: Processes;
  readonly ports: Ports;
}

export interface Ports {
  readonly keystone: number;
  readonly placement: number;
  readonly glance: number;
  readonly cinder: number;
  readonly nova: number;
  readonly neutron: number;
  readonly rabbit: number;
  readonly rabbitNodes: number;
  readonly epmd: number;
}

/** One service of the stack. Each module of this directory exports one. */
export interface Service {
  readonly name: string;
  readonly databases: readonly string[];
  /** Type in the catalogue, and the path of its endpoint. */
  readonly catalogue?: { readonly type: string; readonly url: string };
  /** Writes its settings. */
  configure(): void;
  /** Fills its empty databases, and files beside them. Runs once for each release of the packages. */
  migrate?(): Promise<void>;
  /** Starts its processes, and returns their names. */
  start(): Promise<readonly string[]>;
}

export function urlOf(port: number, path = ''): string {
  return `http://127.0.0.1:${port}${path}`;
}

/** Writes a settings file of oslo.config, and returns its path. */
export function writeSettings({ directory }: Pick<Bed, 'directory'>, name: string, sections: Sections): string {
  const file = join(directory, 'etc', `${name}.conf`);
  const text = Object.entries(sections).map(
    ([section, options]) =>
      `[${section}]\n${Object.entries(options)
        .map(([key, value]) => `${key} = ${value}\n`)
        .join('')}`,
  );
  mkdirSync(join(directory, 'etc'), { recursive: true });
  writeFileSync(file, text.join('\n'), { mode: 0o600 });
  return file;
}

/** URL of a database for SQLAlchemy. */
export function databaseUrl(bed: Pick<Bed, 'directory'>, name: string): string {
  return `mysql+pymysql://root@localhost/${name}?charset=utf8mb4&unix_socket=${databaseSocket(bed)}`;
}

export function databaseSocket({ directory }: Pick<Bed, 'directory'>): string {
  return join(directory, 'mariadb.sock');
}

/** Directory of what the services keep: the databases, and keys of Keystone. */
export function keptDirectory({ directory }: Pick<Bed, 'directory'>): string {
  return join(directory, 'kept');
}

/** Logon of a service user. */
export function logon({ ports }: Pick<Bed, 'ports'>, user: string): Record<string, string> {
  return {
    auth_type: 'password',
    auth_url: urlOf(ports.keystone, '/v3'),
    username: user,
    password: servicePassword,
    user_domain_id: 'default',
    project_name: 'service',
    project_domain_id: 'default',
    region_name: 'RegionOne',
  };
}

/** Section of keystonemiddleware. */
export function authtoken(bed: Pick<Bed, 'ports'>, user: string): Record<string, string> {
  return {
    ...logon(bed, user),
    www_authenticate_uri: urlOf(bed.ports.keystone),
    service_token_roles_required: 'true',
    service_token_roles: 'service',
    token_cache_time: '300',
  };
}

export const quiet = { log_dir: '', debug: 'false', logging_exception_prefix: '' } as const;
