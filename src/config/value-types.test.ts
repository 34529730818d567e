import { describe, expect, test } from 'vitest';
import { loadText, messageOf, settingsText } from '../../test/support/settings.ts';
import { parseWwpn } from '../base/index.ts';
import { wwnnFromTemplate } from './index.ts';

describe('values', () => {
  test.each([
    ['hmc1', 'https://hmc1:6794'],
    ['HMC1.Example.com:443', 'https://hmc1.example.com:443'],
    ['https://hmc1', 'https://hmc1:6794'],
    ['https://hmc1:80/', 'https://hmc1:80'],
    ['10.1.2.3', 'https://10.1.2.3:6794'],
    ['fd00::17', 'https://[fd00::17]:6794'],
    ['[fd00::17]:7000', 'https://[fd00::17]:7000'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://localhost', 'http://localhost:6794'],
    ['http://[::1]:1', 'http://[::1]:1'],
  ])('dpm.hmc = %s is %s', (text, url) => {
    expect(loadText(settingsText({ 'dpm.hmc': text })).dpm.hmcUrls).toEqual([url]);
  });

  test.each([
    'http://127.0.0.1.example.com',
    'http://hmc',
    'http://0.0.0.0',
    'http://[fd00::1]',
    'hmc:0',
    'a@b',
    'a;b',
  ])('dpm.hmc = %s is refused', (text) => {
    expect(messageOf(() => loadText(settingsText({ 'dpm.hmc': text })))).toContain('http only for a loopback address');
  });

  test('a password in a URL is not repeated by the message that refuses it', () => {
    const message = messageOf(() => loadText(settingsText({ 'dpm.hmc': 'https://user:sesame@hmc1' })));

    expect(message).toContain('https://***@hmc1');
    expect(message).not.toContain('sesame');
  });

  test('ids of definition files are taken beside those of an HMC, names of the HMC are not', () => {
    const set = { 'dpm.cpc_object_id': 'cpc_dpm', 'dpm.physical_storage_adapter_mappings': 'fcp1:0' };

    const { cpcObjectId, adapterPorts } = loadText(settingsText(set)).dpm;

    expect({ cpcObjectId, adapterPorts }).toEqual({
      cpcObjectId: 'cpc_dpm',
      adapterPorts: [{ adapterObjectId: 'fcp1', port: 0 }],
    });
    for (const id of ['A90', '../cpcs', 'cpc/1', '1cpc', 'cpc 1', 'c'.repeat(37)])
      expect(messageOf(() => loadText(settingsText({ ...set, 'dpm.cpc_object_id': id })))).toContain('an object id');
  });

  test('redundant HMCs keep their order, and one named twice counts once', () => {
    const { hmcUrls } = loadText(settingsText({ 'dpm.hmc': 'hmc2, hmc1:6794,\n  hmc2:6794' })).dpm;

    expect(hmcUrls).toEqual(['https://hmc2:6794', 'https://hmc1:6794']);
  });

  test('WWPNs to ignore are brought into the one form', () => {
    const text = settingsText({ 'dpm.target_wwpn_ignore_list': '50:05:07:68:02:10:0C:1B, 0x5005076802200c1b' });

    expect(loadText(text).dpm.targetWwpnIgnoreList).toEqual(['5005076802100c1b', '5005076802200c1b']);
  });

  test('volume drivers are added to the built-in one or replace it', () => {
    const added = loadText(settingsText({ 'dpm.volume_drivers': ['my_fc = ./my.js#Mine', 'other=pkg'] }));
    const replaced = loadText(settingsText({ 'dpm.volume_drivers': 'fibre_channel=pkg#Other' }));

    expect(added.dpm.volumeDrivers).toEqual([
      { type: 'fibre_channel', module: 'builtin' },
      { type: 'my_fc', module: './my.js', exportName: 'Mine' },
      { type: 'other', module: 'pkg' },
    ]);
    expect(replaced.dpm.volumeDrivers).toEqual([{ type: 'fibre_channel', module: 'pkg', exportName: 'Other' }]);
  });

  test('host connectors are for one platform or for all, and more than one line is needed for more than one', () => {
    const lines = ['local = ./my.js#Mine', 'FIBRE_CHANNEL@s390x=pkg'];

    expect(loadText(settingsText({ 'dpm.host_connectors': lines })).dpm.hostConnectors).toEqual([
      { protocol: 'local', module: './my.js', exportName: 'Mine' },
      { protocol: 'FIBRE_CHANNEL', platform: 's390x', module: 'pkg' },
    ]);
    expect(messageOf(() => loadText(settingsText({ 'dpm.host_connectors': lines.join(',') })))).toContain(
      'expected <protocol>[@<platform>]=<module specifier>[#ExportName]',
    );
  });

  test('an adapter port that is named twice is refused', () => {
    const port = '11112222-3333-4444-5555-666677778880:0';
    const text = settingsText({ 'dpm.physical_storage_adapter_mappings': [port, port.toUpperCase()] });

    expect(messageOf(() => loadText(text))).toContain('expected each adapter port once');
  });

  test('networks have a port and perhaps a VLAN, and physical networks are networks too', () => {
    const adapter = '5b0c2a3e-6f0d-3c8f-9a63-d2c5bd2e3ec6';
    const lines = [`prod=${adapter.toUpperCase()}:0,vlan=120`, `dev = ${adapter}:1`];
    const physical = [`physnet1:${adapter}`, `physnet2:${adapter}:1`];
    const text = settingsText({ 'dpm.networks': lines, 'dpm.physical_network_adapter_mappings': physical });
    const env = { NOVA_DPM_DPM__NETWORKS: lines.join(', ') };

    expect(loadText(text).dpm.networks).toEqual([
      { name: 'prod', adapterObjectId: adapter, port: 0, vlanId: 120 },
      { name: 'dev', adapterObjectId: adapter, port: 1, vlanId: null },
      { name: 'physnet1', adapterObjectId: adapter, port: 0, vlanId: null },
      { name: 'physnet2', adapterObjectId: adapter, port: 1, vlanId: null },
    ]);
    expect(loadText(settingsText(), { env }).dpm.networks).toEqual(loadText(text).dpm.networks.slice(0, 2));
  });

  test('a network name that is used twice, and a port of two physical networks, are refused', () => {
    const physical = ['net1:osd1:0', 'net2:osd1'];
    const text = settingsText({ 'dpm.networks': 'net1=osd1:1', 'dpm.physical_network_adapter_mappings': physical });

    const message = messageOf(() => loadText(text));

    expect(message).toContain('dpm.physical_network_adapter_mappings = "net1": expected each network name once');
    expect(message).toContain('dpm.physical_network_adapter_mappings = "osd1:0": expected each adapter port once');
  });

  test('a value with a comment behind it is explained', () => {
    const message = messageOf(() => loadText(settingsText({ 'dpm.max_memory': '4096 # MiB' })));

    expect(message).toContain('a comment needs a line of its own');
  });
});

test.each([
  ['wwpn', 'c05076ffe680a590'],
  ['5005076400c1ebae', '5005076400c1ebae'],
  ['5005076400Xxxxxx', '500507640080a590'],
  ['none', undefined],
])('connector_wwnns = %s gives the WWNN %s', (rule, expected) => {
  const { wwnnTemplate } = loadText(settingsText({ 'dpm.connector_wwnns': rule })).dpm;
  const wwpn = parseWwpn('c05076ffe680a590')!; // it is one

  expect(wwnnTemplate === undefined ? undefined : wwnnFromTemplate(wwnnTemplate, wwpn)).toBe(expected);
});
