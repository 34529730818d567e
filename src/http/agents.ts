import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { markUnready } from './failure.ts';
import type { TlsOptions, TransportOptions } from './transport-options.ts';

/**
 * Closes idle connections before the peer does (usually after 15 to 60 s, inferred). A request that is sent while the
 * peer closes the connection would be lost, with an unknown outcome.
 */
const IDLE_MS = 10_000;

export function makeAgents(options: TransportOptions): { http: HttpAgent; https: HttpsAgent } {
  const common: AgentOptions = {
    keepAlive: true,
    maxSockets: options.maxConcurrent,
    scheduling: 'lifo',
    timeout: options.idleTimeoutMs ?? IDLE_MS, // of sockets that no request uses
  };
  const tls: AgentOptions = { ...common, ...tlsOptionsOf(options.tls) };
  const http = limitConnect(new HttpAgent(common), 'connect', options.connectTimeoutMs);
  const https = limitConnect(new HttpsAgent(tls), 'secureConnect', options.connectTimeoutMs);
  return { http, https };
}

/** Returns the options of Node for the TLS policy, which is the same for all connections to a peer. */
export function tlsOptionsOf(tls: TlsOptions | undefined) {
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: tls?.insecure !== true,
    ...(tls?.ca === undefined ? {} : { ca: [tls.ca].flat() }),
  } as const;
}

/** Sets a deadline for the connection of each new socket. Node's agents have none. */
function limitConnect<A extends HttpAgent>(agent: A, ready: 'connect' | 'secureConnect', timeoutMs: number): A {
  const create = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket: Duplex | null | undefined = create(options, callback);
    if (socket) {
      const message = `no connection within ${timeoutMs / 1000} s`;
      const error = () => Object.assign(new Error(message), { code: 'CONNECT_TIMEOUT' });
      const timer = setTimeout(() => socket.destroy(error()), timeoutMs);
      const stop = () => clearTimeout(timer);
      socket.once(ready, stop).once('close', stop);
      if (ready === 'secureConnect') noteBreaksWithinTls(socket);
    }
    return socket;
  };
  return agent;
}

/** Marks errors that occur after the connection and before TLS is established: no request has been sent yet. */
function noteBreaksWithinTls(socket: Duplex): void {
  socket.once('connect', () => {
    socket.once('error', markUnready);
    socket.once('secureConnect', () => socket.removeListener('error', markUnready));
  });
}
