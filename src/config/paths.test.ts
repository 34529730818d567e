import { describe, expect, test } from 'vitest';
import { loadText, memoryFiles, messageOf, settingsText } from '../../test/support/settings.ts';
import { CertificateAuthority } from '../simulator/server/index.ts';

describe('files that settings name', () => {
  const passwordFile = (file: { text: string; mode: number }) =>
    loadText(settingsText({ 'dpm.hmc_password': undefined, 'dpm.hmc_password_file': 'hmc.pw' }), {
      extraFiles: { '/cfg/hmc.pw': file },
    });

  test('the password file gives its one line, with any file mode', () => {
    const shut = passwordFile({ text: 'sesame $x \n', mode: 0o600 });
    const open = passwordFile({ text: 'sesame\r\n', mode: 0o640 });

    expect(shut.dpm.hmcPassword.reveal()).toBe('sesame $x ');
    expect(shut.warnings).toEqual([]);
    expect(open.dpm.hmcPassword.reveal()).toBe('sesame');
    expect(open.warnings).toEqual([expect.stringContaining('chmod 600 /cfg/hmc.pw')]);
  });

  test.each([
    ['an empty file', '\n'],
    ['two lines', 'sesame\nopen\n'],
  ])('%s is no password file, and is not repeated', (_, text) => {
    const message = messageOf(() => passwordFile({ text, mode: 0o600 }));

    expect(message).toContain('dpm.hmc_password_file = "/cfg/hmc.pw"');
    expect(message).not.toContain('sesame');
  });

  test('two passwords are one too many, and a missing file is named', () => {
    const both = messageOf(() =>
      loadText(settingsText({ 'dpm.hmc_password_file': '/pw' }), { extraFiles: { '/pw': 'x' } }),
    );
    const gone = messageOf(() =>
      loadText(settingsText({ 'dpm.hmc_password': undefined, 'dpm.hmc_password_file': '~/pw' })),
    );

    expect(both).toContain('only one of dpm.hmc_password and dpm.hmc_password_file');
    expect(gone).toContain('dpm.hmc_password_file = "/home/op/pw" (/cfg/nova-dpm.conf:');
    expect(gone).toContain('a file that exists');
  });

  test('certificates come from a file or a directory', () => {
    const [one, two] = [new CertificateAuthority().pem, new CertificateAuthority().pem];
    const extraFiles = {
      '/ca/a.pem': `# text before\n${one}`,
      '/ca/b.crt': two,
      '/ca/README': 'no certificate',
      '/empty/x': '',
    };
    const load = (path: string) => loadText(settingsText({ 'dpm.hmc_ca_certs': path }), { extraFiles }).dpm.hmcCa;

    expect(load('/ca/a.pem')?.match(/BEGIN/g)).toHaveLength(1);
    expect(load('/ca')?.match(/BEGIN/g)).toHaveLength(2);
    expect(load('../ca/a.pem')).toBe(load('/ca/a.pem'));
    for (const path of ['/ca/README', '/empty', '/none']) {
      expect(messageOf(() => load(path))).toContain(`dpm.hmc_ca_certs = "${path}"`);
    }
  });

  test('a certificate that is damaged is refused at once', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
    const text = settingsText({ 'dpm.hmc_ca_certs': '/ca.pem' });

    expect(messageOf(() => loadText(text, { extraFiles: { '/ca.pem': pem } }))).toContain('dpm.hmc_ca_certs');
  });

  test('switching off verification, plain http to Keystone and an open settings file are warned of', () => {
    const text = settingsText({
      'dpm.hmc_insecure': 'true',
      'cinder.insecure': 'yes',
      'cinder.auth_url': 'http://keystone/v3',
    });
    const files = memoryFiles({ '/cfg/nova-dpm.conf': { text, mode: 0o644 } }, ['/var/lib/nova-dpm']);

    const { warnings } = loadText('', { files });

    expect(warnings.map((warning) => warning.split(' ')[0])).toEqual([
      '/cfg/nova-dpm.conf',
      'cinder.auth_url',
      'cinder.insecure',
      'dpm.hmc_insecure',
    ]);
  });
});

describe('the state directory', () => {
  const load = (changes: Record<string, string>, env: Record<string, string>, writable: readonly string[]) =>
    loadText('', { env, files: memoryFiles({ '/cfg/nova-dpm.conf': settingsText(changes) }, writable) }).statePath;

  test('is the default where that can be written, else the XDG state directory', () => {
    expect(load({}, {}, ['/var/lib/nova-dpm'])).toBe('/var/lib/nova-dpm');
    expect(load({}, {}, [])).toBe('/home/op/.local/state/nova-dpm');
    expect(load({}, { XDG_STATE_HOME: '/xdg' }, [])).toBe('/xdg/nova-dpm');
    expect(load({}, { XDG_STATE_HOME: 'relative' }, [])).toBe('/home/op/.local/state/nova-dpm');
  });

  test('is where it was said to be, without a second choice', () => {
    expect(load({ 'DEFAULT.state_path': 'state' }, {}, [])).toBe('/cfg/state');
    expect(load({ 'DEFAULT.state_path': '~/state' }, {}, [])).toBe('/home/op/state');
    expect(load({ 'DEFAULT.state_path': '' }, {}, [])).toBe('/home/op/.local/state/nova-dpm');
  });
});
