import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { loadText, memoryFiles, messageOf, settingsText } from '../../test/support/settings.ts';
import { configShow } from './index.ts';

describe('a complete file', () => {
  test('gives typed, frozen settings', () => {
    const settings = loadText(settingsText());

    expect(settings).toMatchObject({
      host: 'compute1',
      computeDriver: 'dpm.DPMDriver',
      statePath: '/var/lib/nova-dpm',
      dpm: {
        hmcUrls: ['https://hmc1.example.com:6794'],
        maxMemoryMib: 65536,
        adapterPorts: [
          { adapterObjectId: '11112222-3333-4444-5555-666677778880', port: 0 },
          { adapterObjectId: '11112222-3333-4444-5555-666677778881', port: 1 },
        ],
        volumeDrivers: [{ type: 'fibre_channel', module: 'builtin' }],
        hostConnectors: [],
        hostFcpDevices: [],
        startTimeoutMs: 900_000,
      },
      cinder: {
        auth: { type: 'password', username: 'nova', userDomainId: 'default', projectDomainId: 'default' },
        catalogInfo: 'volumev3::publicURL',
      },
      warnings: [],
    });
    expect(settings.dpm.hmcPassword.reveal()).toBe('hmc-sentinel-secret');
    expect(Object.isFrozen(settings.dpm.adapterPorts[0])).toBe(true);
  });

  test('shows its secrets in no form', () => {
    const settings = loadText(settingsText());

    const shown = `${inspect(settings, { depth: 9 })} ${JSON.stringify(settings)} ${JSON.stringify(configShow(settings))}`;

    expect(shown).not.toContain('sentinel-secret');
    expect(configShow(settings)).toContainEqual({
      option: 'dpm.hmc_password',
      value: '***',
      source: '/cfg/nova-dpm.conf:7',
    });
  });

  test('tells where each value comes from', () => {
    const env = { NOVA_DPM_DPM__MAX_MEMORY: '1024', OS_REGION_NAME: 'R1' };

    const shown = configShow(loadText(settingsText(), { env }));

    expect(shown).toContainEqual({ option: 'dpm.max_memory', value: '1024', source: 'NOVA_DPM_DPM__MAX_MEMORY' });
    expect(shown).toContainEqual({ option: 'cinder.region_name', value: 'R1', source: 'OS_REGION_NAME' });
    expect(shown).toContainEqual({ option: 'dpm.boot_attempts', value: '4', source: 'default' });
  });
});

describe('the host name', () => {
  test('is the short name of the machine when it is not given', () => {
    const settings = loadText(settingsText({ 'DEFAULT.host': undefined }), { hostname: 'rack7.example.com' });

    expect(settings.host).toBe('rack7');
  });

  test('is refused when partition names would become too long, even if nobody chose it', () => {
    const text = settingsText({ 'DEFAULT.host': undefined });

    const message = messageOf(() => loadText(text, { hostname: 'a-long-name-of-a-machine.example.com' }));

    expect(message).toContain('DEFAULT.host = "a-long-name-of-a-machine" (default)');
    expect(message).toContain('partition names, which have at most 64');
    expect(`OpenStack-${'h'.repeat(17)}-2f0c1a2b-0000-4000-8000-000000000000`).toHaveLength(64);
  });
});

describe('several sources', () => {
  test('of single values the later file wins, multi-valued ones add up', () => {
    const files = memoryFiles(
      {
        '/a.conf': settingsText(),
        '/b.conf':
          '[dpm]\nmax_memory = 2048\nphysical_storage_adapter_mappings = 11112222-3333-4444-5555-666677778882:0\n',
      },
      ['/var/lib/nova-dpm'],
    );

    const settings = loadText('', { configFiles: ['/a.conf', '/b.conf'], files });

    expect(settings.dpm.maxMemoryMib).toBe(2048);
    expect(settings.dpm.adapterPorts.map(({ adapterObjectId }) => adapterObjectId.at(-1))).toEqual(['0', '1', '2']);
    expect(settings.files).toEqual(['/a.conf', '/b.conf']);
  });

  test('the environment wins over files, and holds lists divided by commas', () => {
    const env = {
      NOVA_DPM_DEFAULT__HOST: 'other',
      NOVA_DPM_DPM__HMC_PASSWORD: 'pa$word-$$1',
      NOVA_DPM_DPM__PHYSICAL_STORAGE_ADAPTER_MAPPINGS:
        '11112222-3333-4444-5555-666677778885:1, 11112222-3333-4444-5555-666677778886:0',
    };

    const settings = loadText(settingsText(), { env });

    expect(settings.host).toBe('other');
    expect(settings.dpm.adapterPorts.map(({ port }) => port)).toEqual([1, 0]);
    expect(settings.dpm.hmcPassword.reveal()).toBe('pa$word-$$1');
  });

  test('without --config-file, NOVA_DPM_CONFIG counts, then the directory, then /etc', () => {
    const all = {
      '/named.conf': settingsText({ 'DEFAULT.host': 'named' }),
      'nova-dpm.conf': settingsText({ 'DEFAULT.host': 'here' }),
      '/etc/nova-dpm/nova-dpm.conf': settingsText({ 'DEFAULT.host': 'etc' }),
    };
    const { 'nova-dpm.conf': _here, ...notHere } = all;
    const load = (files: Record<string, string>, env: Record<string, string>) =>
      loadText('', { configFiles: [], env, files: memoryFiles(files, ['/var/lib/nova-dpm']) }).host;

    expect(load(all, { NOVA_DPM_CONFIG: '/named.conf' })).toBe('named');
    expect(load(all, {})).toBe('here');
    expect(load(notHere, {})).toBe('etc');
  });

  test('a file that is named and not there is a problem, no file at all a hint', () => {
    const none = { configFiles: [], files: memoryFiles({}) };

    expect(messageOf(() => loadText('', { configFiles: ['/no.conf'] }))).toBe(
      'settings cannot be used: --config-file = "/no.conf": expected a file that exists',
    );
    expect(messageOf(() => loadText('', none))).toContain('no settings file was found');
  });

  test('the token of path services is no setting, and no warning', () => {
    const { warnings } = loadText(settingsText(), { env: { NOVA_DPM_PATH_TOKEN: 'x' } });

    expect(warnings).toEqual([]);
  });

  test('a variable that names no section is told, not obeyed', () => {
    const { warnings } = loadText(settingsText(), { env: { NOVA_DPM_HMC: 'x' } });

    expect(warnings).toEqual(['NOVA_DPM_HMC is not used (expected NOVA_DPM_<SECTION>__<OPTION>)']);
    expect(messageOf(() => loadText(settingsText(), { env: { NOVA_DPM_DMP__HMC: 'x' } }))).toContain(
      'NOVA_DPM_DMP__HMC is not known: expected the section DPM, perhaps',
    );
  });
});

describe('references between values', () => {
  test('are filled in as oslo.config does', () => {
    const text = settingsText({
      'DEFAULT.base': '/srv/$host',
      'DEFAULT.state_path': '$base/${dpm.cpc_name}/x',
      'dpm.cpc_name': 'A90',
      'dpm.hmc': '$domain_prefix.example.com',
      'dpm.hmc_username': 'a$$b\\$c$',
      'DEFAULT.domain_prefix': 'hmc9',
    });

    const settings = loadText(text);

    expect(settings.statePath).toBe('/srv/compute1/A90/x');
    expect(settings.dpm.hmcUrls).toEqual(['https://hmc9.example.com:6794']);
    expect(settings.dpm.hmcUsername).toBe('a$b$c$');
  });

  test('to nothing, in circles, or to a secret are refused, without showing the secret', () => {
    const nothing = messageOf(() => loadText(settingsText({ 'dpm.cpc_name': 'x$nothing' })));
    const circle = messageOf(() =>
      loadText(settingsText({ 'dpm.cpc_name': '$hmc_username', 'dpm.hmc_username': '$cpc_name' })),
    );
    const secret = messageOf(() => loadText(settingsText({ 'dpm.cpc_name': '$hmc_password' })));
    const inSecret = messageOf(() => loadText(settingsText({ 'dpm.hmc_password': 'ses$ame' })));

    expect(nothing).toContain('expected $nothing that is set, or $$ for a dollar sign');
    expect(circle).toContain('without a cycle');
    expect(secret).toContain('no reference to a secret');
    expect(secret + inSecret).not.toMatch(/sentinel|ses|\$ame/);
    expect(inSecret).toContain('dpm.hmc_password = ***');
  });
});

describe('names', () => {
  test.each([
    ['dpm.max_memroy', 'dpm.max_memory, perhaps'],
    ['dpm.hmc-password', 'dpm.hmc_password, perhaps'],
    ['dpm.adapter_mappings', 'dpm.physical_storage_adapter_mappings, perhaps'],
    ['dpm.host', 'this option in section [DEFAULT]'],
    ['cinder.max_memory', 'this option in section [dpm]'],
    ['service_user.send_token', 'service_user.send_service_user_token, perhaps'],
    ['cinder.zzzzzzzz', 'one of the options that dpm config sample shows'],
  ])('%s is unknown, and the advice is: %s', (name, advice) => {
    const message = messageOf(() => loadText(settingsText({ [name]: 'sesame' })));

    expect(message).toContain(`${name} (/cfg/nova-dpm.conf:`);
    expect(message).toContain(`is not known: expected ${advice}`);
    expect(message).not.toContain('sesame');
  });

  test("a nova.conf of the retired Python driver is taken as it is, with Nova's own options in every section", () => {
    const settings = loadText(
      settingsText({
        'DEFAULT.compute_driver': 'dpm.DPMDriver',
        'DEFAULT.my_ip': '10.0.0.1',
        'DEFAULT.transport_url': 'rabbit://openstack:rabbit$ecret@controller',
        'DEFAULT.max_concurrent_builds': '4',
        'dpm.max_instances': '85',
        'cinder.os_region_name': 'RegionOne',
        'cinder.catalog_info': 'volumev3:cinderv3:internalURL',
        'cinder.http_retries': '3',
        'cinder.cross_az_attach': 'true',
        'cinder.debug': 'false',
        'cinder.collect_timing': 'false',
        'cinder.split_loggers': 'false',
        'cinder.timeout': '60',
        'cinder.endpoint_template': 'http://localhost:8776/v3/%(project_id)s',
        'cinder.certfile': '/etc/nova/c.pem',
        'libvirt.virt_type': 'kvm',
        'vnc.enabled': 'false',
      }),
    );

    expect(settings.cinder).toMatchObject({
      regionName: 'RegionOne',
      catalogInfo: 'volumev3:cinderv3:internalURL',
      endpointOverride: 'http://localhost:8776/v3',
    });
    expect(settings.dpm.maxConcurrentBuilds).toBe(4);
    expect(settings.warnings).toEqual([
      expect.stringMatching(/^dpm\.max_instances \(.*\) is not used/),
      expect.stringMatching(/^cinder\.certfile \(.*\) is not used/),
    ]);
  });

  test('accepts max_concurrent_operations, which an older version read, with a warning', () => {
    const settings = loadText(settingsText({ 'dpm.max_concurrent_operations': '20' }));

    expect(settings.warnings).toEqual([expect.stringMatching(/^dpm\.max_concurrent_operations \(.*\) is not used/)]);
  });

  test('with the fake driver nothing of [dpm] is required', () => {
    const text =
      '[DEFAULT]\ncompute_driver = fake.FakeDriver\n[cinder]\nauth_type = none\nendpoint_override = https://c/v3\n';

    expect(loadText(text)).toMatchObject({ computeDriver: 'fake.FakeDriver', dpm: { hmcUrls: [], maxProcessors: 0 } });
  });
});
