import { loadSettings } from '../../src/config/index.ts';
import type { Settings } from '../../src/config/index.ts';

/** Reads the text of a settings file as if it were one, and with it the file of an authority that it names. */
export function readSettings(text: string, ca?: { readonly pem: string; readonly file: string }): Settings {
  const file = '/settings/nova-dpm.conf';
  return loadSettings({
    configFiles: [file],
    env: {},
    cwd: '/settings',
    home: '/nowhere',
    hostname: 'compute1',
    files: {
      read: (path) => (path === file ? text : path === ca?.file ? ca.pem : undefined),
      info: (path) => (path === file || path === ca?.file ? { mode: 0o600, directory: false } : undefined),
      list: () => [],
      writable: () => true,
    },
  });
}
