import { isReadableOnTheWay } from '../base/index.ts';
import type { SectionName, SectionValues } from './schema.ts';
import type {
  ApplicationCredentialAuth,
  CinderAuthSettings,
  CinderSettings,
  NoAuth,
  PasswordAuth,
  UserSettings,
} from './settings.ts';
import type { Findings } from './sources.ts';

type AuthSection = Extract<SectionName, 'cinder' | 'service_user'>;
type AuthValues = Omit<SectionValues<'service_user'>, 'send_service_user_token'>;

/** Keystone's domain of everything that is not said to be in another. OpenStackClient assumes it too. */
const DEFAULT_DOMAIN_ID = 'default';

/** What the settings have besides the two sections. */
export interface CinderExtras {
  /** Interface of the service catalogue by clouds.yaml or `OS_INTERFACE`. */
  readonly interface: string | undefined;
  /** Was `catalog_info` given, rather than left at its default? */
  readonly catalogInfoGiven: boolean;
  /** PEM text of `cinder.cafile`. */
  readonly ca: string | undefined;
}

/** Puts `[cinder]` and `[service_user]` together. Undefined, with problems, when nobody could log on with them. */
export function composeCinder(
  cinder: SectionValues<'cinder'>,
  serviceUser: SectionValues<'service_user'>,
  extras: CinderExtras,
  findings: Findings,
): CinderSettings | undefined {
  const endpoint = cinder.endpoint_override ?? cinder.endpoint_template;
  const own = cinder.endpoint_override === undefined ? 'cinder.endpoint_template' : 'cinder.endpoint_override';
  checkPlainHttp(own, endpoint, cinder.insecure, findings);
  const auth = cinderAuth(cinder, serviceUser, endpoint, findings);
  const service = serviceUser.send_service_user_token
    ? readAuth('service_user', serviceUser, endpoint, cinder.insecure, findings)
    : undefined;
  if (cinder.insecure) {
    findings.warnings.push(
      'cinder.insecure is true: certificates of Keystone and Cinder are not verified; set cinder.cafile instead',
    );
  }
  if (auth === undefined) return undefined;
  return {
    auth,
    ...(service === undefined ? {} : { serviceUser: service }),
    ...(endpoint === undefined ? {} : { endpointOverride: endpoint }),
    catalogInfo: cinder.catalog_info,
    ...(cinder.region_name === undefined ? {} : { regionName: cinder.region_name }),
    ...(extras.catalogInfoGiven || extras.interface === undefined ? {} : { interface: extras.interface }),
    tls: { ...(extras.ca === undefined ? {} : { ca: extras.ca }), ...(cinder.insecure ? { insecure: true } : {}) },
  };
}

function cinderAuth(
  cinder: SectionValues<'cinder'>,
  serviceUser: AuthValues,
  endpoint: string | undefined,
  findings: Findings,
): CinderAuthSettings | undefined {
  if (saysAnything(cinder) || findings.problems.some(({ option }) => option.startsWith('cinder.'))) {
    return readAuth('cinder', cinder, endpoint, cinder.insecure, findings);
  }
  if (saysAnything(serviceUser)) {
    // Nova itself used its user's token; its service user is the nearest thing that such a nova.conf has.
    findings.warnings.push('[cinder] says nothing of authentication: the user of [service_user] is used');
    return readAuth('service_user', serviceUser, endpoint, cinder.insecure, findings);
  }
  const expected = 'password, v3applicationcredential or none, with its options; or cinder.cloud; or OS_* variables';
  findings.problems.push({ option: 'cinder.auth_type', expected });
  return undefined;
}

function saysAnything(values: AuthValues): boolean {
  const { auth_type, auth_url, username, user_id, application_credential_id, application_credential_name } = values;
  const said = [auth_type, auth_url, username, user_id, application_credential_id, application_credential_name];
  return said.some((value) => value !== undefined);
}

function readAuth(
  section: AuthSection,
  values: AuthValues,
  endpoint: string | undefined,
  insecure: boolean,
  findings: Findings,
): CinderAuthSettings | undefined {
  const byCredential = values.application_credential_id ?? values.application_credential_name;
  const type = values.auth_type ?? (byCredential === undefined ? 'password' : 'v3applicationcredential');
  const faulty = new Set(findings.problems.map((problem) => problem.option));
  const missing: Missing = (name, expected) => {
    if (!faulty.has(`${section}.${name}`)) findings.problems.push({ option: `${section}.${name}`, expected });
  };
  checkPlainHttp(`${section}.auth_url`, values.auth_url, insecure, findings);
  switch (type) {
    case 'password':
      return passwordAuth(values, missing);
    case 'v3applicationcredential':
      return applicationCredentialAuth(values, missing);
    case 'none':
      return noAuth(values, endpoint, missing);
  }
}

type Missing = (name: string, expected: string) => void;

/** Plain http is for this machine itself, or for those who have said that they accept anybody at the other end. */
function checkPlainHttp(option: string, url: string | undefined, insecure: boolean, findings: Findings): void {
  if (url === undefined || !isReadableOnTheWay(url)) return;
  if (insecure) findings.warnings.push(`${option} is plain http: passwords and tokens can be read on the way`);
  else findings.problems.push({ option, value: url, expected: HTTPS });
}

const HTTPS = 'an https URL (http for a loopback address only, unless cinder.insecure accepts it)';

function passwordAuth(values: AuthValues, missing: Missing): PasswordAuth | undefined {
  const user = readUser(values, missing);
  if (values.password === undefined) missing('password', 'the password of the user');
  if (values.auth_url === undefined) missing('auth_url', 'the URL of Keystone');
  const { project_id: projectId, project_name: projectName } = values;
  if (projectId === undefined && projectName === undefined) missing('project_name', 'a project, by name or id');
  if (user === undefined || values.password === undefined || values.auth_url === undefined) return undefined;
  const project = projectId !== undefined ? { projectId } : { ...defined({ projectName }), ...projectDomain(values) };
  return { type: 'password', authUrl: values.auth_url, password: values.password, ...user, ...project };
}

function applicationCredentialAuth(values: AuthValues, missing: Missing): ApplicationCredentialAuth | undefined {
  const { application_credential_id: id, application_credential_name: name, auth_url: authUrl } = values;
  const secret = values.application_credential_secret;
  if (secret === undefined) missing('application_credential_secret', 'the secret of the application credential');
  if (authUrl === undefined) missing('auth_url', 'the URL of Keystone');
  if (id === undefined && name === undefined) missing('application_credential_id', 'an application credential');
  const user = id === undefined && name !== undefined ? readUser(values, missing) : {};
  if (secret === undefined || authUrl === undefined || user === undefined) return undefined;
  if (id !== undefined) return { type: 'v3applicationcredential', authUrl, secret, id };
  return name === undefined ? undefined : { type: 'v3applicationcredential', authUrl, secret, name, ...user };
}

function noAuth(values: AuthValues, endpoint: string | undefined, missing: Missing): NoAuth | undefined {
  if (endpoint === undefined) {
    missing('endpoint_override', 'the URL of Cinder, since auth_type is none');
    return undefined;
  }
  return { type: 'none', endpoint, ...defined({ userId: values.user_id, projectId: values.project_id }) };
}

function readUser(values: AuthValues, missing: Missing): UserSettings | undefined {
  if (values.user_id !== undefined) return { userId: values.user_id };
  if (values.username !== undefined) return { username: values.username, ...userDomain(values) };
  missing('username', 'a user, by name or by user_id');
  return undefined;
}

function userDomain(values: AuthValues): UserSettings {
  const { id, name } = domain(values, values.user_domain_id, values.user_domain_name);
  return id !== undefined ? { userDomainId: id } : defined({ userDomainName: name });
}

function projectDomain(values: AuthValues): Pick<PasswordAuth, 'projectDomainId' | 'projectDomainName'> {
  const { id, name } = domain(values, values.project_domain_id, values.project_domain_name);
  return id !== undefined ? { projectDomainId: id } : defined({ projectDomainName: name });
}

/** The domain as given; an id goes before a name, as in keystoneauth. */
function domain(values: AuthValues, ownId: string | undefined, ownName: string | undefined) {
  if (ownId !== undefined || ownName !== undefined) return { id: ownId, name: ownName };
  const { default_domain_id: id, default_domain_name: name } = values;
  return id === undefined && name === undefined ? { id: DEFAULT_DOMAIN_ID, name } : { id, name };
}

/** The same object without the keys that have no value. */
function defined<T extends Record<string, string | undefined>>(values: T): { [Key in keyof T]?: string } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]?: string }; // the keys are T's, less the absent ones
}
