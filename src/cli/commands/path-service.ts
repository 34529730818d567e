import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { isReadableOnTheWay } from '../../base/index.ts';
import type { CommandContext } from '../context.ts';
import { formatOf } from '../global-options.ts';
import { printable } from '../printable.ts';
import type { AddCommand } from '../add-command.ts';
import type { Manager } from '../open.ts';
import { readServiceToken } from '../service-token.ts';
import { untilAsked } from '../until-asked.ts';
import { wholeNumber } from '../usage.ts';

const DEFAULT_PORT = 6795;

export function addPathServiceCommand(program: Command, add: AddCommand): void {
  const description =
    'Serve paths and orphaned resources over HTTP until interrupted. For test environments: read-only, plain HTTP, one token for all. GET /openapi.json describes it';
  add(program, 'path-service', description, serve)
    .option('--listen <address>', 'IP address to listen on', address, '127.0.0.1')
    .option('--port <n>', 'port to listen on; 0 takes a free one', wholeNumber(0, 65_535), DEFAULT_PORT)
    .option('--token-file <file>', 'file with the bearer token; else the variable NOVA_DPM_PATH_TOKEN')
    .option('--host', 'serve only this Linux host; contacts no HMC');
}

function address(value: string): string {
  if (isIP(value) !== 0) return value;
  throw new InvalidArgumentError('Expected an IP address.');
}

interface Options {
  readonly listen: string;
  readonly port: number;
  readonly tokenFile?: string;
  readonly host?: boolean;
}

async function serve(context: CommandContext, command: Command): Promise<void> {
  const options = command.opts<Options>();
  const token = readServiceToken(context, options.tokenFile);
  const plain = options.listen.includes(':') ? `[${options.listen}]` : options.listen;
  if (isReadableOnTheWay(`http://${plain}`)) {
    context.warn(`listening on ${options.listen}: token and answers go over the network without encryption`);
  }
  // Not in the same block as `await using`: TypeScript 6 would keep the suffix .ts in the build.
  const { openPathService } = await import('../open-path-service.ts');
  await context.withHost(async (host) => {
    const { listen, port } = options;
    const { log, requestId } = context;
    const run = async (manager: Manager | undefined) => {
      await using service = await openPathService({ host, manager, token, listen, port, log, requestId });
      context.io.stdout.write(readyLine(context, service.url));
      await untilAsked(context);
    };
    await (options.host === true ? run(undefined) : context.withManager('read', run));
  });
}

function readyLine(context: CommandContext, url: string): string {
  const isJson = formatOf(context.globals, context.io.stdout) === 'json';
  return isJson ? `${JSON.stringify({ ready: true, url })}\n` : `${printable(`ready url=${url}`)}\n`;
}
