import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { ConfigError, describeError } from '../base/index.ts';
import type { BootFromRequest } from '../compute/index.ts';
import { BOOT_PASSWORD_VARIABLE } from '../config/secret-variables.ts';
import type { CommandContext } from './context.ts';
import { usageError } from './usage.ts';

const sources = [
  'volume',
  'iso',
  'ftp',
  'ftps',
  'sftp',
  'network',
] as const satisfies readonly BootFromRequest['source'][];

interface BootOptions {
  readonly bootFrom?: BootFromRequest['source'];
  readonly iso?: string;
  readonly isoIns?: string;
  readonly ftpHost?: string;
  readonly ftpUsername?: string;
  readonly ftpInsfile?: string;
  readonly ftpPasswordFile?: string;
}

const flags = {
  iso: '--iso',
  isoIns: '--iso-ins',
  ftpHost: '--ftp-host',
  ftpUsername: '--ftp-username',
  ftpInsfile: '--ftp-insfile',
  ftpPasswordFile: '--ftp-password-file',
} as const satisfies Partial<Record<keyof BootOptions, string>>;

/** Adds the options for what a server boots from. */
export function addBootOptions(command: Command): Command {
  return command
    .addOption(new Option('--boot-from <source>', 'what the server boots from').choices(sources))
    .option('--iso <file>', 'with --boot-from iso: the ISO image on this host, which is uploaded to the HMC')
    .option('--iso-ins <path>', 'path of the INS file in the image (default: the only one in its root directory)')
    .option('--ftp-host <host>', 'with --boot-from ftp, ftps or sftp: the server')
    .option('--ftp-username <name>', 'user of the server')
    .option('--ftp-insfile <path>', 'path of the INS file on the server')
    .option(
      '--ftp-password-file <file>',
      `file with the password of the user; else the variable ${BOOT_PASSWORD_VARIABLE}, or a question at a terminal`,
    );
}

/**
 * Reads the boot options. Reads the password of an FTP server from its file, the environment, or the terminal.
 *
 * @param needed - `all`: a new server, which needs every value; `changed`: an existing one, which keeps the other values
 * @returns undefined if the options name no source
 * @throws ConfigError for a missing option, or one of another source
 */
export async function readBootFrom(
  context: CommandContext,
  command: Command,
  needed: 'all' | 'changed',
): Promise<BootFromRequest | undefined> {
  const options = command.opts<BootOptions>();
  const { bootFrom: source } = options;
  requireFitting(options);
  if (source === undefined) return undefined;
  if (source === 'volume' || source === 'network') return { source };
  if (needed === 'all') requireAll(options, source === 'iso' ? ['iso'] : ['ftpHost', 'ftpUsername', 'ftpInsfile']);
  if (source === 'iso') {
    const image = options.iso === undefined ? undefined : resolve(context.io.cwd, options.iso);
    return { source, image, insFile: options.isoIns };
  }
  const { ftpHost: host, ftpUsername: username, ftpInsfile: insFile } = options;
  const isNewServer = needed === 'all' || host !== undefined || username !== undefined;
  const password = await readPassword(context, options, isNewServer);
  return { source, host, username, insFile, ...(password === undefined ? {} : { password }) };
}

function requireFitting(options: BootOptions): void {
  const source = options.bootFrom;
  const ofIso: readonly string[] = ['iso', 'isoIns'];
  for (const [name, flag] of Object.entries(flags)) {
    const value = options[name as keyof typeof flags];
    const fits = ofIso.includes(name) ? source === 'iso' : source?.endsWith('ftp') === true || source === 'ftps';
    if (value === undefined || fits) continue;
    throw usageError(flag, value, ofIso.includes(name) ? '--boot-from iso' : '--boot-from ftp, ftps or sftp');
  }
}

function requireAll(options: BootOptions, names: readonly (keyof typeof flags)[]): void {
  const missing = names.find((name) => options[name] === undefined);
  if (missing === undefined) return;
  throw new ConfigError(`option --boot-from ${options.bootFrom ?? ''} needs ${flags[missing]}`, {
    option: flags[missing],
  });
}

async function readPassword(
  { io, waiting }: CommandContext,
  { ftpPasswordFile: file, ftpUsername: user }: BootOptions,
  isNeeded: boolean,
): Promise<string | undefined> {
  const text = file === undefined ? io.env[BOOT_PASSWORD_VARIABLE] : readFile(io.files.read, resolve(io.cwd, file));
  if (text !== undefined && text !== '') return text.replace(/\r?\n$/, '');
  if (file !== undefined) throw usageError('--ftp-password-file', file, 'a file with the password');
  if (!isNeeded) return undefined;
  if (io.askSecret !== undefined) return await io.askSecret(`Password of ${user ?? 'the FTP user'}: `, waiting.signal);
  throw new ConfigError(`a password is needed: --ftp-password-file FILE, or the variable ${BOOT_PASSWORD_VARIABLE}`, {
    option: '--ftp-password-file',
  });
}

function readFile(read: (path: string) => string | undefined, file: string): string | undefined {
  try {
    return read(file);
  } catch (error) {
    throw usageError('--ftp-password-file', file, `a file that can be read (${describeError(error)})`);
  }
}
