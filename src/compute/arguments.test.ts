import { describe, expect, test } from 'vitest';
import { ConfigError } from '../base/index.ts';
import { loadSettings } from '../config/index.ts';
import { loadText, settingsText } from '../../test/support/settings.ts';
import { checkCreateServer } from './arguments.ts';
import { loadComputeDriver, openLocalVolumes, openManager } from './index.ts';

/** What a caller without TypeScript can write. */
type Anything = (...given: unknown[]) => unknown;

async function refusal(work: () => unknown): Promise<string> {
  const error: unknown = await Promise.resolve()
    .then(work)
    .then(() => 'accepted')
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message; // as asserted
}

const functions: readonly (readonly [name: string, call: Anything])[] = [
  ['openManager', openManager as Anything],
  ['openLocalVolumes', openLocalVolumes as Anything],
  ['loadComputeDriver', loadComputeDriver as Anything],
  ['loadSettings', loadSettings as Anything],
];

describe.each(functions)('%s without TypeScript', (name, call) => {
  test.each([
    ['a path', ['nova-dpm.conf'], 'expected an object with options, not "nova-dpm.conf"'],
    ['null', [null], 'expected an object with options, not null'],
    ['a misspelt option', [{ configfile: 'a.conf' }], 'there is no option "configfile"; did you mean configFile?'],
    ['a wrong type', [{ configFile: 7 }], 'option configFile = 7: expected a path or a list of paths'],
  ])('refuses %s in one sentence', async (_what, given, words) => {
    expect(await refusal(() => call(...given))).toBe(`${name}: ${words}`);
  });

  test('names a settings file that does not exist', async () => {
    const message = await refusal(() => call({ configFile: '/absent/nova-dpm.conf' }));

    expect(message).toContain('--config-file = "/absent/nova-dpm.conf": expected a file that exists');
  });
});

test('settings of the caller are used with options, which are checked too', async () => {
  const settings = loadText(settingsText({ 'DEFAULT.compute_driver': 'fake.FakeDriver' }));
  const driver = await loadComputeDriver(settings);

  expect(await driver.getAvailableNodes()).toEqual(['compute1']);
  const call = openManager as Anything;
  expect(await refusal(() => call(settings, { access: 'all' }))).toBe(
    'openManager: option access = "all": expected "read" or "write"',
  );
});

test('a driver without virtapi says how to map volumes when a spawn needs them', async () => {
  const driver = await loadComputeDriver(loadText(settingsText({ 'DEFAULT.compute_driver': 'fake.FakeDriver' })));
  const instance = { uuid: 'u', name: 'web1', host: 'compute1', flavor: { vcpus: 1, memoryMb: 1024 } };
  const context = { requestId: 'req-1', signal: AbortSignal.timeout(60_000) };
  const device = {
    volumeId: 'v',
    sizeGib: 1,
    mountDevice: '/dev/sda',
    bootIndex: 0,
    attachmentId: null,
    deleteOnTermination: false,
    connectionInfo: undefined,
  };
  const info = { rootDeviceName: '/dev/sda', blockDeviceMapping: [device] };

  await expect(driver.spawn(context, instance, {}, [], null, null, null, info)).rejects.toThrow(
    /^instance web1 has volumes without connection_info: map the volumes before spawn/,
  );
});

test.each([
  [undefined, 'create: expected an object with options, not undefined'],
  [{ name: 'web1', memory: 4096 }, 'create: there is no option "memory"; did you mean memoryMib?'],
  [{ name: 'web1', vcpus: 1, memoryMib: 4096 }, 'create: option volumes is missing'],
  [{ name: 'web1', vcpus: '1' }, 'create: option vcpus = "1": expected a number'],
  [
    { name: 'web1', vcpus: 1, memoryMib: 4096, volumes: ['boot-1'] },
    'create: volumes: expected an object with options, not "boot-1"',
  ],
  [{ name: 'web1', vcpus: 1, memoryMib: 4096, volumes: [{}] }, 'create: volumes: option volumeId is missing'],
])('create refuses %j', async (request, message) => {
  expect(await refusal(() => checkCreateServer(request))).toBe(message);
});
