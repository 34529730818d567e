import { expect, test } from 'vitest';
import { ConfigError, Secret } from '../base/index.ts';
import { keystoneRoot } from './auth-check.ts';
import { openCinder } from './index.ts';
import type { CinderAuth, CinderOptions } from './index.ts';

const password = {
  type: 'password',
  authUrl: 'http://keystone:5000/v3',
  username: 'demo',
  password: new Secret('x'),
  userDomainId: 'default',
  projectName: 'demo',
  projectDomainId: 'default',
} as const;
const credential = {
  type: 'v3applicationcredential',
  authUrl: 'http://keystone:5000/v3',
  secret: new Secret('x'),
} as const;
const none = { type: 'none', endpoint: 'http://cinder:8776/v3' } as const;

test.each([
  ['http://keystone:5000', 'http://keystone:5000/v3'],
  ['http://keystone:5000/', 'http://keystone:5000/v3'],
  ['http://keystone:5000/v3/', 'http://keystone:5000/v3'],
  ['https://cloud.test/identity', 'https://cloud.test/identity/v3'],
  ['https://cloud.test/identity/v3', 'https://cloud.test/identity/v3'],
])('Keystone of auth_url %s is %s', (authUrl, root) => {
  expect(keystoneRoot(authUrl)).toBe(root);
});

const unusable: readonly (readonly [string, CinderAuth, string])[] = [
  ['no URL', { ...password, authUrl: 'keystone:5000' }, 'auth_url "keystone:5000" is not a URL'],
  ['v2', { ...password, authUrl: 'http://keystone:5000/v2.0' }, 'version 2 of Keystone'],
  ['no user', { ...password, username: undefined }, 'username or user_id is needed'],
  ['no domain of the user', { ...password, userDomainId: undefined }, 'username needs user_domain_name'],
  ['no domain of the project', { ...password, projectDomainId: undefined }, 'project_name needs project_domain_name'],
  ['no credential', credential, 'application_credential_id or application_credential_name is needed'],
  ['no user of a named credential', { ...credential, name: 'cli' }, 'username or user_id is needed'],
  ['no endpoint', { ...none, endpoint: 'cinder' }, 'endpoint "cinder" is not a URL'],
];

test.each(unusable)('credentials with %s are refused before any request', (_what, auth, message) => {
  expect(() => openCinder({ auth })).toThrow(ConfigError);
  expect(() => openCinder({ auth })).toThrow(message);
});

const settings: readonly (readonly [string, Partial<CinderOptions>, string])[] = [
  ['service user without Keystone', { serviceUser: none }, 'a service user needs Keystone'],
  ['service user without a name', { serviceUser: { ...password, username: undefined } }, 'username or user_id'],
  ['endpoint of v2', { endpointOverride: 'http://cinder:8776/v2' }, 'is of API version 2, expected v3'],
  ['catalog_info of another form', { catalogInfo: 'volumev3' }, 'is not of the form type:name:interface'],
  ['interface that is none', { interface: 'secret' }, 'interface "secret" is not known'],
];

test.each(settings)('a %s is rejected before any request', (_what, options, message) => {
  expect(() => openCinder({ auth: password, ...options })).toThrow(message);
});

test('IDs need no domains', () => {
  const ids = { userId: 'u', userDomainId: undefined, projectId: 'p', projectDomainId: undefined };

  expect(() => openCinder({ auth: { ...password, ...ids } })[Symbol.dispose]()).not.toThrow();
});
