import { isReadableOnTheWay } from '../base/index.ts';
import type { CinderAuth, CinderOptions } from '../cinder-client/index.ts';
import { namedPath, readCertificates } from './paths.ts';
import type { Surroundings } from './paths.ts';
import { missingIn } from './problems.ts';
import type { Findings, ReportMissing } from './problems.ts';
import type { SectionValues } from './schema.ts';
import type { ReadSection } from './values.ts';

type AuthValues = Omit<SectionValues<'service_user'>, 'send_service_user_token'>;

/** Sections `[cinder]` and `[service_user]`, as options of the Cinder client. @public */
export type CinderSettings = Pick<
  CinderOptions,
  'auth' | 'serviceUser' | 'endpointOverride' | 'catalogInfo' | 'regionName' | 'interface' | 'tls'
>;

/** The domain of everything that names none, as in OpenStackClient. */
const DEFAULT_DOMAIN_ID = 'default';

/**
 * Composes `[cinder]` and `[service_user]`. Returns undefined, with problems, when nobody could log on with them.
 *
 * @param catalogInterface - the interface from clouds.yaml or `OS_INTERFACE`; `catalog_info` overrides it
 */
export function composeCinder(
  { values: cinder, sources }: ReadSection<'cinder'>,
  serviceUser: SectionValues<'service_user'>,
  catalogInterface: string | undefined,
  around: Surroundings,
  findings: Findings,
): CinderSettings | undefined {
  const caFile = namedPath('cinder.cafile', cinder.cafile, sources);
  const ca = caFile === undefined ? undefined : readCertificates(caFile, around, findings);
  const { insecure } = cinder;
  const endpoint = cinder.endpoint_override ?? cinder.endpoint_template;
  const own = cinder.endpoint_override === undefined ? 'cinder.endpoint_template' : 'cinder.endpoint_override';
  checkPlainHttp(own, endpoint, insecure, findings);
  const auth = cinderAuth(cinder, serviceUser, endpoint, findings);
  const service = serviceUser.send_service_user_token
    ? readAuth('service_user', serviceUser, endpoint, insecure, findings)
    : undefined;
  if (insecure) {
    findings.warnings.push(
      'cinder.insecure is true: certificates of Keystone and Cinder are not verified; set cinder.cafile instead',
    );
  }
  if (auth === undefined) return undefined;
  const hasOwnInterface = sources.get('cinder.catalog_info')?.kind !== 'default';
  return {
    auth,
    ...(service === undefined ? {} : { serviceUser: service }),
    endpointOverride: endpoint,
    catalogInfo: cinder.catalog_info,
    regionName: cinder.region_name,
    ...(hasOwnInterface || catalogInterface === undefined ? {} : { interface: catalogInterface }),
    tls: { ca, insecure },
  };
}

function cinderAuth(
  cinder: SectionValues<'cinder'>,
  serviceUser: AuthValues,
  endpoint: string | undefined,
  findings: Findings,
): CinderAuth | undefined {
  if (namesUser(cinder) || findings.problems.some(({ option }) => option.startsWith('cinder.'))) {
    return readAuth('cinder', cinder, endpoint, cinder.insecure, findings);
  }
  if (namesUser(serviceUser)) {
    // Nova used the token of its user; the service user is the nearest substitute in such a nova.conf.
    findings.warnings.push('[cinder] has no authentication options: the user of [service_user] is used');
    return readAuth('service_user', serviceUser, endpoint, cinder.insecure, findings);
  }
  const expected = 'password, v3applicationcredential or none, with its options; or cinder.cloud; or OS_* variables';
  findings.problems.push({ option: 'cinder.auth_type', expected });
  return undefined;
}

function namesUser(values: AuthValues): boolean {
  const { auth_type, auth_url, username, user_id, application_credential_id, application_credential_name } = values;
  const said = [auth_type, auth_url, username, user_id, application_credential_id, application_credential_name];
  return said.some((value) => value !== undefined);
}

function readAuth(
  section: 'cinder' | 'service_user',
  values: AuthValues,
  endpoint: string | undefined,
  insecure: boolean,
  findings: Findings,
): CinderAuth | undefined {
  const byCredential = values.application_credential_id ?? values.application_credential_name;
  const type = values.auth_type ?? (byCredential === undefined ? 'password' : 'v3applicationcredential');
  const missing = missingIn(section, findings);
  checkPlainHttp(`${section}.auth_url`, values.auth_url, insecure, findings);
  switch (type) {
    case 'password':
      return passwordAuth(values, missing);
    case 'v3applicationcredential':
      return applicationCredentialAuth(values, missing);
    case 'none':
      if (endpoint !== undefined) return { type, endpoint, userId: values.user_id, projectId: values.project_id };
      missing('endpoint_override', 'the URL of Cinder, since auth_type is none');
      return undefined;
  }
}

/** Rejects plain http, except for a loopback address, and for users who accept any certificate anyway. */
function checkPlainHttp(option: string, url: string | undefined, insecure: boolean, findings: Findings): void {
  if (url === undefined || !isReadableOnTheWay(url)) return;
  const expected = 'an https URL (http for a loopback address only, unless cinder.insecure accepts it)';
  if (insecure)
    findings.warnings.push(`${option} is plain http: an attacker on the network can read passwords and tokens`);
  else findings.problems.push({ option, value: url, expected });
}

function passwordAuth(values: AuthValues, missing: ReportMissing): CinderAuth | undefined {
  const user = readUser(values, missing);
  const { password, auth_url: authUrl, project_id: projectId, project_name: projectName } = values;
  if (password === undefined) missing('password', 'the password of the user');
  if (authUrl === undefined) missing('auth_url', 'the URL of Keystone');
  if (projectId === undefined && projectName === undefined) missing('project_name', 'a project, by name or id');
  if (user === undefined || password === undefined || authUrl === undefined) return undefined;
  const { id, name } = domain(values, values.project_domain_id, values.project_domain_name);
  const project =
    projectId !== undefined ? { projectId } : { projectName, projectDomainId: id, projectDomainName: name };
  return { type: 'password', authUrl, password, ...user, ...project };
}

function applicationCredentialAuth(values: AuthValues, missing: ReportMissing): CinderAuth | undefined {
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

function readUser(values: AuthValues, missing: ReportMissing) {
  const { user_id: userId, username } = values;
  if (userId !== undefined) return { userId };
  if (username === undefined) {
    missing('username', 'a user, by name or by user_id');
    return undefined;
  }
  const { id, name } = domain(values, values.user_domain_id, values.user_domain_name);
  return { username, userDomainId: id, userDomainName: name };
}

/** Returns the domain as given; an ID takes precedence over a name, as in keystoneauth. */
function domain(values: AuthValues, ownId: string | undefined, ownName: string | undefined) {
  const hasOwn = ownId !== undefined || ownName !== undefined;
  const id = hasOwn ? ownId : values.default_domain_id;
  const name = hasOwn ? ownName : values.default_domain_name;
  if (id === undefined && name !== undefined) return { id, name };
  return { id: id ?? DEFAULT_DOMAIN_ID, name: undefined };
}
