import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { describeError } from '../../base/index.ts';
import type { Listen } from '../../serve/index.ts';
import type { AddCommand } from '../add-command.ts';
import type { CommandContext } from '../context.ts';
import { formatOf } from '../global-options.ts';
import { printable } from '../printable.ts';
import { readServiceToken } from '../service-token.ts';
import { untilAsked } from '../until-asked.ts';
import { usageError } from '../usage.ts';

const DEFAULT_SOCKET = '/run/nova-dpm/serve.sock';

export function addServeCommand(program: Command, add: AddCommand): void {
  const description =
    'Serve the driver of this compute host to nova-compute until interrupted. SIGHUP reads the settings again; GET /openapi.json describes the service';
  add(program, 'serve', description, serve)
    .option(
      '--socket <path>',
      `Unix socket, which only its owner can use (default without --listen: ${DEFAULT_SOCKET})`,
      socketPath,
    )
    .option('--listen <host:port>', 'IP address and port for TLS; port 0 takes a free one', address)
    .option('--token-file <file>', 'file with the bearer token for --listen; else the variable NOVA_DPM_PATH_TOKEN')
    .option('--tls-cert <file>', 'certificate for --listen, with its chain, in PEM')
    .option('--tls-key <file>', 'its private key, in PEM');
}

/** Linux keeps the path of a socket in 108 bytes. Source: unix(7). */
const MAX_PATH = 100;

function socketPath(value: string): string {
  if (value.trim() !== '' && Buffer.byteLength(value) <= MAX_PATH && !/\p{Cc}/u.test(value)) return value;
  throw new InvalidArgumentError(`Expected a path of 1 to ${MAX_PATH} bytes without control characters.`);
}

interface Address {
  readonly address: string;
  readonly port: number;
}

function address(value: string): Address {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(value) ?? [];
  const host = bracketed ?? plain ?? '';
  if (isIP(host) === 0 || Number(port) > 65_535)
    throw new InvalidArgumentError('Expected an IP address and a port, such as 192.0.2.5:6796 or [::1]:6796.');
  return { address: host, port: Number(port) };
}

interface Options {
  readonly socket?: string;
  readonly listen?: Address;
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

async function serve(context: CommandContext, command: Command): Promise<void> {
  const listens = listensOf(context, command.opts<Options>());
  const settings = await context.completeSettings();
  await using service = await context.openService(settings, listens);
  context.onHangup(async () => {
    const { log } = context;
    try {
      await service.reload(context.reloadSettings());
      log.info({ event: 'serve.reloaded' }, 'the settings were read again');
    } catch (error) {
      log.error({ event: 'serve.reload', error: describeError(error) }, 'the settings were not read again');
      context.warn(`the settings stay as they were: ${describeError(error)}`);
    }
  });
  const asked = untilAsked(context);
  const ready = service.ready.then(() => context.io.stdout.write(readyLine(context, service.urls)));
  await Promise.race([Promise.all([ready, asked]), asked]);
}

/** @throws ConfigError for options that do not go together */
function listensOf(context: CommandContext, options: Options): readonly Listen[] {
  const { socket, listen, tlsCert, tlsKey } = options;
  const inherited = inheritedSocket(context.io.env);
  const local: readonly Listen[] =
    socket !== undefined
      ? [{ kind: 'socket', path: socket }]
      : inherited !== undefined
        ? [inherited]
        : listen === undefined
          ? [{ kind: 'socket', path: DEFAULT_SOCKET }]
          : [];
  if (listen === undefined) {
    for (const name of ['tokenFile', 'tlsCert', 'tlsKey'] as const) {
      const file = options[name];
      if (file === undefined) continue;
      read(context, optionOf[name], file);
      throw usageError(optionOf[name], file, 'also --listen: a Unix socket needs neither token nor TLS');
    }
    return local;
  }
  if (tlsCert === undefined || tlsKey === undefined) {
    throw usageError('--listen', `${listen.address}:${listen.port}`, 'also --tls-cert and --tls-key');
  }
  const certificate = { cert: read(context, '--tls-cert', tlsCert), key: read(context, '--tls-key', tlsKey) };
  const token = readServiceToken(context, options.tokenFile);
  return [...local, { kind: 'tls', ...listen, token, certificate }];
}

const optionOf = { tokenFile: '--token-file', tlsCert: '--tls-cert', tlsKey: '--tls-key' } as const;

/** Returns the socket that systemd has opened for this process. Source: sd_listen_fds(3): the first one is descriptor 3. */
function inheritedSocket(env: CommandContext['io']['env']): Listen | undefined {
  const isForUs = env.LISTEN_PID === String(process.pid) && env.LISTEN_FDS === '1';
  return isForUs ? { kind: 'inherited', fd: 3 } : undefined;
}

function read({ io }: CommandContext, option: string, file: string): string {
  const text = io.files.read(file);
  if (text !== undefined) return text;
  throw usageError(option, file, 'a file that exists');
}

function readyLine(context: CommandContext, urls: readonly string[]): string {
  const isJson = formatOf(context.globals, context.io.stdout) === 'json';
  if (isJson) return `${JSON.stringify({ ready: true, urls })}\n`;
  return `${printable(`ready ${urls.map((url) => `url=${url}`).join(' ')}`)}\n`;
}
