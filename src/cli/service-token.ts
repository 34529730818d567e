import { ConfigError, Secret } from '../base/index.ts';
import { PATH_TOKEN_VARIABLE } from '../config/secret-variables.ts';
import type { CommandContext } from './context.ts';
import { usageError } from './usage.ts';

/** For comparison: 128 bits are 22 characters of Base64. (inferred) */
const MIN_LENGTH = 16;

/**
 * Reads the bearer token of path services from a file or the environment. Never from an argument, which everybody on the
 * machine could read.
 *
 * @throws ConfigError that does not contain the token
 */
export function readServiceToken(context: CommandContext, file: string | undefined): Secret {
  const { files, env } = context.io;
  const text = file === undefined ? env[PATH_TOKEN_VARIABLE] : readFile(context, file);
  if (text === undefined) {
    const message = `a token is needed: --token-file FILE, or the variable ${PATH_TOKEN_VARIABLE}`;
    throw new ConfigError(message, { option: '--token-file' });
  }
  if (file !== undefined && ((files.info(file)?.mode ?? 0) & 0o004) !== 0) {
    context.warn(`token file ${file} can be read by everybody on this machine (chmod 600 ${file})`);
  }
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= MIN_LENGTH) return new Secret(token);
  const message = `the token of path services: expected ${MIN_LENGTH} or more letters on one line, without blanks`;
  throw new ConfigError(message, { option: '--token-file' });
}

function readFile({ io }: CommandContext, file: string): string {
  const text = io.files.read(file);
  if (text !== undefined) return text;
  throw usageError('--token-file', file, 'a file that exists');
}
