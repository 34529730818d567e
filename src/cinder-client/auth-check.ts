import { ConfigError } from '../base/index.ts';
import type { CinderAuth, PasswordAuth, UserAuth } from './options.ts';

/** Checks that the credentials are complete. @throws ConfigError that names the keystoneauth option */
export function checkAuth(auth: CinderAuth): void {
  if (auth.type === 'none') return;
  keystoneRoot(auth.authUrl);
  if (auth.type === 'v3applicationcredential') {
    if (auth.id !== undefined) return;
    if (auth.name === undefined) {
      throw new ConfigError('application_credential_id or application_credential_name is needed');
    }
  }
  checkUser(auth);
  if (auth.type === 'password') checkProject(auth);
}

/** Checks the service user. Only Keystone issues service tokens. @throws ConfigError */
export function checkServiceUser(auth: CinderAuth | undefined): void {
  if (auth === undefined) return;
  if (auth.type === 'none') throw new ConfigError('a service user needs Keystone: its auth_type cannot be none');
  checkAuth(auth);
}

function checkProject(auth: PasswordAuth): void {
  const isNamed = auth.projectId === undefined && auth.projectName !== undefined;
  if (isNamed && auth.projectDomainId === undefined && auth.projectDomainName === undefined) {
    throw new ConfigError('project_name needs project_domain_name or project_domain_id');
  }
}

function checkUser(auth: UserAuth): void {
  if (auth.userId !== undefined) return;
  if (auth.username === undefined) throw new ConfigError('username or user_id is needed');
  if (auth.userDomainId === undefined && auth.userDomainName === undefined) {
    throw new ConfigError('username needs user_domain_name or user_domain_id');
  }
}

/** Returns the v3 root of Keystone without a trailing slash. Appends `/v3` as keystoneauth does. @throws ConfigError */
export function keystoneRoot(authUrl: string): string {
  if (!URL.canParse(authUrl) || !/^https?:$/.test(new URL(authUrl).protocol)) {
    throw new ConfigError(`auth_url "${authUrl}" is not a URL (expected for example https://keystone:5000/v3)`);
  }
  const { origin, pathname } = new URL(authUrl);
  const path = pathname.replace(/\/+$/, '');
  const version = /\/v(\d+)(?:\.\d+)?$/.exec(path)?.[1];
  if (version === undefined) return `${origin}${path}/v3`;
  if (version === '3') return `${origin}${path}`;
  throw new ConfigError(`auth_url ${authUrl} names version ${version} of Keystone's API, expected v3`);
}
