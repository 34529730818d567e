import { WebSocketServer, type WebSocket } from 'ws';

import type { SimServerOptions } from '../server/index.ts';
import type { HmcContext } from './context.ts';
import { terminalOf } from './guest.ts';
import type { Resource } from './model/model.ts';

/** Closing code of RFC 6455 for "policy violation"; which one an HMC sends is not public (inferred). */
const endedByHmc = 1008;

/** Closing reasons of a WebSocket are limited to 123 bytes (RFC 6455, 5.5). */
const maxReason = 123;

/**
 * Returns what accepts the WebSockets of ASCII consoles: text frames both ways. The token in the path is all the
 * authentication, as for python-zhmcclient (_os_console.py), which sends no header.
 */
export function acceptConsole(context: HmcContext): NonNullable<SimServerOptions['upgrade']> {
  const server = new WebSocketServer({ noServer: true, maxPayload: 1 << 16 });
  return (incoming, socket, head) => {
    context.agenda.settle();
    const token = /^\/api\/websock\/([\w-]+)\/1$/u.exec(incoming.url ?? '')?.[1];
    const ticket = token === undefined ? undefined : context.asciiConsoles.redeem(token);
    const partition = context.model.find('partition', ticket?.partitionUri ?? '');
    if (ticket === undefined || partition === undefined) return false;
    server.handleUpgrade(incoming, socket, head, (client) => {
      const hangUp = (reason: string) => client.close(endedByHmc, reason.slice(0, maxReason));
      context.asciiConsoles.open(ticket, { show: (text) => client.send(text), hangUp });
      connect(context, partition, client);
    });
    return true;
  };
}

function connect(context: HmcContext, partition: Resource, client: WebSocket): void {
  const { asciiConsoles } = context;
  const line = asciiConsoles.lineOf(partition.uri);
  const isOurs = () => asciiConsoles.lineOf(partition.uri) === line;
  client.on('message', (data, isBinary) => {
    if (isBinary) client.close(1003, 'only text frames are accepted');
    // The server leaves `binaryType` at its default: one buffer for each frame.
    else if (isOurs()) terminalOf(context, partition).type((data as Buffer).toString('utf8'));
    // A shutdown may end the guest at once.
    context.agenda.settle();
  });
  client.on('close', () => {
    if (isOurs()) asciiConsoles.left(partition.uri);
  });
  client.on('error', () => client.terminate());
}
