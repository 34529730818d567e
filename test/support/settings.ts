import { ConfigError } from '../../src/base/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import type { FileAccess, LoadOptions, Settings } from '../../src/config/index.ts';

/** A file of {@link memoryFiles}; its text alone means mode 0600. */
export type MemoryFile = string | { readonly text: string; readonly mode: number };

/** A file system that is an object: paths to texts. Directories exist where a file is below them. */
export function memoryFiles(files: Readonly<Record<string, MemoryFile>>, writable: readonly string[] = []): FileAccess {
  const below = (directory: string) => Object.keys(files).filter((path) => path.startsWith(`${directory}/`));
  const find = (path: string) => {
    const file = Object.hasOwn(files, path) ? files[path] : undefined;
    return typeof file === 'string' ? { text: file, mode: 0o600 } : file;
  };
  return {
    read: (path) => find(path)?.text,
    info: (path) => {
      const file = find(path);
      if (file !== undefined) return { mode: file.mode, directory: false };
      return below(path).length > 0 ? { mode: 0o755, directory: true } : undefined;
    },
    list: (directory) => below(directory).map((path) => path.slice(directory.length + 1)),
    writable: (directory) => writable.includes(directory),
  };
}

const ADAPTER = '11112222-3333-4444-5555-66667777888';

/** Settings that are complete, by `SECTION.option`; a list stands for a repeated key. */
export const goodSettings: Readonly<Record<string, string | readonly string[]>> = {
  'DEFAULT.host': 'compute1',
  'dpm.hmc': 'hmc1.example.com',
  'dpm.hmc_username': 'novauser',
  'dpm.hmc_password': 'hmc-sentinel-secret',
  'dpm.cpc_object_id': '6f0d2a3e-5b0c-3c8f-9a63-d2c5bd2e3ec6',
  'dpm.max_processors': '10',
  'dpm.max_memory': '65536',
  'dpm.physical_storage_adapter_mappings': [`${ADAPTER}0:0`, `${ADAPTER}1:1`],
  'cinder.auth_type': 'password',
  'cinder.auth_url': 'https://keystone.example.com/v3',
  'cinder.username': 'nova',
  'cinder.password': 'cinder-sentinel-secret',
  'cinder.project_name': 'service',
};

type Changes = Readonly<Record<string, string | readonly string[] | undefined>>;

/** An INI file of the good settings with changes; undefined leaves an option out. Values are written as they are. */
export function settingsText(changes: Changes = {}, base: Changes = goodSettings): string {
  const sections = new Map<string, string[]>();
  for (const [key, value] of Object.entries({ ...base, ...changes })) {
    if (value === undefined) continue;
    const [section = '', option = ''] = key.split('.');
    const lines = sections.get(section) ?? [];
    sections.set(section, lines);
    for (const one of typeof value === 'string' ? [value] : value) lines.push(`${option} = ${one}`);
  }
  return [...sections].map(([section, lines]) => `[${section}]\n${lines.join('\n')}\n`).join('\n');
}

/** Loads settings from `/cfg/nova-dpm.conf` of a file system in memory. */
export function loadText(
  text: string,
  { extraFiles, ...options }: LoadOptions & { readonly extraFiles?: Readonly<Record<string, MemoryFile>> } = {},
): Settings {
  return loadSettings({
    configFiles: ['/cfg/nova-dpm.conf'],
    env: {},
    cwd: '/home/op',
    home: '/home/op',
    hostname: 'compute1.example.com',
    files: memoryFiles({ '/cfg/nova-dpm.conf': text, ...extraFiles }, ['/var/lib/nova-dpm']),
    ...options,
  });
}

/** The message with which settings are refused. */
export function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('the settings were accepted');
}
