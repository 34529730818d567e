import { expect, test } from 'vitest';
import { ConfigError } from '../base/index.ts';
import { readCatalogInfo } from './catalog.ts';
import { formatMicroversion, maximumOfRefusal, parseEndpoint, parseMicroversion, resourceRoot } from './endpoint.ts';

const project = 'feedc0de';

test.each([
  ['http://cinder:8776/v3/abc', 70, 'http://cinder:8776', '/v3/abc'],
  ['http://cinder:8776/v3/abc/', 0, 'http://cinder:8776', '/v3/abc'],
  ['https://cloud.test/volume/v3/abc', 0, 'https://cloud.test', '/volume/v3/abc'],
  ['http://cinder:8776/v3', 66, 'http://cinder:8776', '/v3/feedc0de'],
  ['http://cinder:8776/v3/', 67, 'http://cinder:8776', '/v3'],
  ['http://cinder:8776', 44, 'http://cinder:8776', '/v3/feedc0de'],
  ['http://cinder:8776/volume/', 44, 'http://cinder:8776', '/volume/v3/feedc0de'],
  ['http://cinder:8776/v3.0', 44, 'http://cinder:8776', '/v3/feedc0de'],
])('resources of %s at level 3.%i', (url, level, origin, root) => {
  const endpoint = parseEndpoint(url);

  expect(endpoint.origin).toBe(origin);
  expect(resourceRoot(endpoint, level, project)).toBe(root);
});

test('the path has no project if none is known', () => {
  expect(resourceRoot(parseEndpoint('http://cinder:8776/v3'), 0, undefined)).toBe('/v3');
});

test.each(['cinder:8776 ', '', 'http://cinder:8776/v2/abc', '/v3'])('%j is rejected as an endpoint', (url) => {
  expect(() => parseEndpoint(url)).toThrow(ConfigError);
});

test('catalog_info is read as in Nova, and the option interface takes precedence', () => {
  expect(readCatalogInfo('volumev3:cinderv3:internalURL')).toEqual({
    type: 'volumev3',
    name: 'cinderv3',
    interfaces: ['internal'],
    region: undefined,
  });
  expect(readCatalogInfo('volumev3::publicURL', 'RegionOne', 'internal,public')).toMatchObject({
    name: '',
    interfaces: ['internal', 'public'],
    region: 'RegionOne',
  });
});

test.each([
  ['volumev3', 'catalog_info "volumev3" is not of the form type:name:interface, as in volumev3::publicURL'],
  ['::public', 'catalog_info "::public" is not of the form type:name:interface, as in volumev3::publicURL'],
  ['a:b:public:d', 'catalog_info "a:b:public:d" is not of the form type:name:interface, as in volumev3::publicURL'],
  ['volumev3::private', 'interface "private" is not known (expected public, internal or admin)'],
])('catalog_info %s is rejected with the expected form', (text, message) => {
  expect(() => readCatalogInfo(text)).toThrow(new ConfigError(message));
});

test('microversions are parsed and formatted', () => {
  expect(parseMicroversion('3.44')).toBe(44);
  expect(formatMicroversion(44)).toBe('3.44');
  expect(['', '3', '2.1', '3.x', '3.44.1'].map(parseMicroversion)).toEqual(Array(5).fill(undefined));
  expect(maximumOfRefusal('Version 3.999 is not supported by the API. Minimum is 3.0 and maximum is 3.70.')).toBe(70);
  expect(maximumOfRefusal('no')).toBeUndefined();
});
