import { describe, expect, test } from 'vitest';
import { loadText, memoryFiles, messageOf as messageOfWork, settingsText } from '../../test/support/settings.ts';
import type { MemoryFile } from '../../test/support/settings.ts';
import type { Environment, Settings } from './index.ts';

const noCinder = {
  'cinder.auth_type': undefined,
  'cinder.auth_url': undefined,
  'cinder.username': undefined,
  'cinder.password': undefined,
  'cinder.project_name': undefined,
};

interface Given {
  readonly cinder?: Readonly<Record<string, string | undefined>>;
  readonly env?: Environment;
  readonly files?: Readonly<Record<string, MemoryFile>>;
}

function load({ cinder = {}, env = {}, files = {} }: Given): Settings {
  const text = settingsText({ ...noCinder, ...cinder });
  return loadText('', { env, files: memoryFiles({ '/cfg/nova-dpm.conf': text, ...files }, ['/var/lib/nova-dpm']) });
}

const messageOf = (given: Given) => messageOfWork(() => load(given));

const clouds = `
clouds:
  one:
    auth_type: password
    auth:
      auth_url: https://one/v3/
      username: op
      password: yaml-secret
      project_name: p1
      user_domain_name: Users
      project_domain_id: projects
    region_name: R1
    interface: internal
    verify: false
    block_storage_endpoint_override: https://cinder.one/v3
  two:
    auth_type: v3applicationcredential
    auth: {auth_url: 'https://two/v3', application_credential_id: 4711, application_credential_secret: '0123'}
    regions: [{name: R2}, R3]
  half:
    auth: {auth_url: https://half, username: op, project_name: p}
  numbers:
    auth: [1]
  token:
    auth_type: v3token
    auth: {auth_url: https://t}
`;

describe('clouds.yaml', () => {
  test('gives a whole cloud to cinder.cloud', () => {
    const { cinder } = load({ cinder: { 'cinder.cloud': 'one' }, files: { '/home/op/clouds.yaml': clouds } });

    expect(cinder).toMatchObject({
      auth: {
        type: 'password',
        authUrl: 'https://one/v3',
        username: 'op',
        userDomainName: 'Users',
        projectName: 'p1',
        projectDomainId: 'projects',
      },
      endpointOverride: 'https://cinder.one/v3',
      regionName: 'R1',
      interface: 'internal',
      tls: { insecure: true },
    });
    expect(cinder.auth.type === 'password' && cinder.auth.password.reveal()).toBe('yaml-secret');
  });

  test('gives an application credential, with numbers as text, and the first of several regions', () => {
    const { cinder } = load({ env: { OS_CLOUD: 'two' }, files: { '/home/op/clouds.yaml': clouds } });

    expect(cinder).toMatchObject({ auth: { type: 'v3applicationcredential', id: '4711' }, regionName: 'R2' });
    expect(cinder.auth.type === 'v3applicationcredential' && cinder.auth.secret.reveal()).toBe('0123');
  });

  test('is overlaid with secure.yaml from another place of the search', () => {
    const secure = 'clouds: {half: {auth: {password: from-secure}}}';
    const files = { '/etc/openstack/clouds.yaml': clouds, '/home/op/.config/openstack/secure.yaml': secure };

    const { auth } = load({ cinder: { 'cinder.cloud': 'half' }, files }).cinder;

    expect(auth.type === 'password' && auth.password.reveal()).toBe('from-secure');
  });

  test('is looked for in the order of OpenStackClient', () => {
    const cloud = (name: string) => `clouds: {c: {auth_type: none, auth: {endpoint: 'https://${name}/v3'}}}`;
    const places: [string, string][] = [
      ['/named.yaml', 'named'],
      ['/home/op/clouds.yaml', 'here'],
      ['/home/op/.config/openstack/clouds.yaml', 'home'],
      ['/etc/openstack/clouds.yml', 'etc'],
    ];

    places.forEach(([, name], index) => {
      const files = Object.fromEntries(places.slice(index).map(([path, content]) => [path, cloud(content)]));
      const env = { OS_CLOUD: 'c', OS_CLIENT_CONFIG_FILE: '/named.yaml' };
      expect(load({ env, files }).cinder.endpointOverride).toBe(`https://${name}/v3`);
    });
  });

  test('takes a profile from clouds-public.yaml', () => {
    const files = {
      '/home/op/clouds.yaml': 'clouds: {c: {profile: v, auth: {username: u, password: p, project_name: p}}}',
      '/home/op/clouds-public.yaml': 'public-clouds: {v: {auth: {auth_url: https://vendor/v3}, region_name: RV}}',
    };

    expect(load({ env: { OS_CLOUD: 'c' }, files }).cinder).toMatchObject({
      auth: { authUrl: 'https://vendor/v3' },
      regionName: 'RV',
    });
  });

  test('replaces what the files say in [cinder], and tells; the environment still wins', () => {
    const settings = load({
      cinder: { 'cinder.cloud': 'one', 'cinder.username': 'ignored', 'cinder.os_region_name': 'RX' },
      env: { NOVA_DPM_CINDER__PROJECT_NAME: 'mine' },
      files: { '/home/op/clouds.yaml': clouds },
    });

    expect(settings.cinder).toMatchObject({ auth: { username: 'op', projectName: 'mine' }, regionName: 'R1' });
    expect(settings.warnings.filter((warning) => warning.includes('is not used: cinder.cloud is one'))).toHaveLength(2);
  });

  test.each([
    ['no-such', 'a cloud of /home/op/clouds.yaml: one, two, half, numbers, token'],
    ['numbers', 'an entry as in clouds.yaml (look at auth)'],
    ['half', 'cinder.password is missing'],
    [
      'token',
      'cinder.auth_type = "v3token" (/home/op/clouds.yaml: token): expected password, v3applicationcredential or none',
    ],
  ])('of the cloud %s it is told what is wrong', (name, words) => {
    expect(messageOf({ cinder: { 'cinder.cloud': name }, files: { '/home/op/clouds.yaml': clouds } })).toContain(words);
  });

  test('that is no YAML is named with its line and not quoted', () => {
    const files = { '/home/op/clouds.yaml': 'clouds:\n  c:\n    auth: {password: "sesame' };

    const message = messageOf({ env: { OS_CLOUD: 'c' }, files });

    expect(message).toMatch(/\/home\/op\/clouds\.yaml:\d/);
    expect(message).not.toContain('sesame');
    expect(messageOf({ env: { OS_CLOUD: 'c' } })).toContain('expected a clouds.yaml (in OS_CLIENT_CONFIG_FILE');
  });
});

describe('OS_* variables', () => {
  const env = {
    OS_AUTH_URL: 'https://env/v3',
    OS_USERNAME: 'env-user',
    OS_PASSWORD: 'env-secret',
    OS_PROJECT_NAME: 'env-project',
    OS_USER_DOMAIN_NAME: 'env-domain',
    OS_REGION_NAME: 'env-region',
    OS_INTERFACE: 'admin',
  };

  test('are enough by themselves', () => {
    expect(load({ env }).cinder).toMatchObject({
      auth: { type: 'password', authUrl: 'https://env/v3', username: 'env-user', userDomainName: 'env-domain' },
      regionName: 'env-region',
      interface: 'admin',
    });
  });

  test('fill only what is not said, and never the other half of a pair', () => {
    const cinder = {
      'cinder.user_id': 'u1',
      'cinder.password': 'file-secret',
      'cinder.catalog_info': 'volumev3::public',
    };

    const settings = load({ cinder, env }).cinder;

    expect(settings.auth).toMatchObject({ userId: 'u1', authUrl: 'https://env/v3', projectName: 'env-project' });
    expect(settings.auth).not.toHaveProperty('username');
    expect(settings).not.toHaveProperty('interface');
  });

  test('are the cloud of the name envvars', () => {
    expect(load({ cinder: { 'cinder.cloud': 'envvars' }, env }).cinder.auth).toMatchObject({ username: 'env-user' });
  });

  test('OS_CLOUD does not come into it once [cinder] says how to log on', () => {
    const cinder = { 'cinder.auth_type': 'none', 'cinder.endpoint_override': 'https://c/v3' };

    expect(load({ cinder, env: { OS_CLOUD: 'nowhere' } }).cinder.auth.type).toBe('none');
  });
});

describe('authentication', () => {
  test('none needs the address of Cinder, and takes user and project', () => {
    const cinder = { 'cinder.auth_type': 'noauth', 'cinder.endpoint': 'https://c/v3/', 'cinder.project_id': 'abc' };

    expect(load({ cinder }).cinder.auth).toEqual({ type: 'none', endpoint: 'https://c/v3', projectId: 'abc' });
    expect(messageOf({ cinder: { 'cinder.auth_type': 'none' } })).toContain('cinder.endpoint_override is missing');
  });

  test('an application credential goes by id or by name and user', () => {
    const base = { 'cinder.auth_url': 'https://k/v3', 'cinder.application_credential_secret': 's' };
    const named = {
      ...base,
      'cinder.application_credential_name': 'n',
      'cinder.username': 'u',
      'cinder.user_domain_id': 'd',
    };

    expect(load({ cinder: { ...base, 'cinder.application_credential_id': 'i' } }).cinder.auth).toMatchObject({
      id: 'i',
    });
    expect(load({ cinder: named }).cinder.auth).toMatchObject({ name: 'n', username: 'u', userDomainId: 'd' });
    expect(messageOf({ cinder: { ...named, 'cinder.username': undefined } })).toContain('cinder.username is missing');
    expect(messageOf({ cinder: { ...base, 'cinder.auth_type': 'v3applicationcredential' } })).toContain(
      'cinder.application_credential_id is missing',
    );
  });

  test('a default domain serves user and project', () => {
    const cinder = {
      'cinder.auth_url': 'https://k/v3',
      'cinder.username': 'u',
      'cinder.password': 'p',
      'cinder.tenant_name': 't',
      'cinder.default_domain_name': 'D',
    };

    expect(load({ cinder }).cinder.auth).toMatchObject({
      projectName: 't',
      userDomainName: 'D',
      projectDomainName: 'D',
    });
  });

  test('auth_section moves it to another section of the files', () => {
    const settings = load({
      cinder: {
        'cinder.auth_section': 'keystone_authtoken',
        'keystone_authtoken.auth_url': 'https://k/v3',
        'keystone_authtoken.username': 'nova',
        'keystone_authtoken.password': 'p$$',
        'keystone_authtoken.project_name': 'service',
        'keystone_authtoken.www_authenticate_uri': 'https://k',
      },
    });

    expect(settings.cinder.auth).toMatchObject({ username: 'nova', projectName: 'service' });
    expect(settings.cinder.auth.type === 'password' && settings.cinder.auth.password.reveal()).toBe('p$');
  });

  const serviceUser = {
    'service_user.auth_url': 'https://k/v3',
    'service_user.username': 'svc',
    'service_user.password': 's',
    'service_user.project_name': 'service',
  };

  test('the service user is used where its token is to be sent', () => {
    const own = { 'cinder.auth_type': 'none', 'cinder.endpoint_override': 'https://c/v3' };

    expect(load({ cinder: { ...own, ...serviceUser } }).cinder).not.toHaveProperty('serviceUser');
    expect(
      load({ cinder: { ...own, ...serviceUser, 'service_user.send_service_user_token': 'true' } }).cinder.serviceUser,
    ).toMatchObject({ username: 'svc' });
    expect(messageOf({ cinder: { ...own, 'service_user.send_service_user_token': 'true' } })).toContain(
      'service_user.password is missing',
    );
  });

  test('the service user is used where [cinder] has no user, with a warning', () => {
    const settings = load({ cinder: serviceUser });

    expect(settings.cinder.auth).toMatchObject({ username: 'svc' });
    expect(settings.warnings).toEqual(['[cinder] has no authentication options: the user of [service_user] is used']);
    expect(messageOf({})).toContain('cinder.auth_type is missing');
  });
});
