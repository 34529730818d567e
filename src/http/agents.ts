import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { markUnready } from './failure.ts';
import type { TransportOptions } from './transport-options.ts';

/**
 * A peer closes connections that it finds idle, and a request that is under way at that moment is lost without anybody
 * knowing whether it was heard. So we close first: below the 15 to 60 s that are usual for servers (inferred).
 */
const IDLE_MS = 10_000;

/** Keep-alive agents for both schemes. */
export function makeAgents(options: TransportOptions): { http: HttpAgent; https: HttpsAgent } {
  const common: AgentOptions = {
    keepAlive: true,
    maxSockets: options.maxConcurrent,
    scheduling: 'lifo',
    timeout: options.idleTimeoutMs ?? IDLE_MS, // of sockets that no request uses
  };
  const tls: AgentOptions = {
    ...common,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: options.tls?.insecure !== true,
    ...(options.tls?.ca === undefined ? {} : { ca: [options.tls.ca].flat() }),
  };
  const http = limitConnect(new HttpAgent(common), 'connect', options.connectTimeoutMs);
  const https = limitConnect(new HttpsAgent(tls), 'secureConnect', options.connectTimeoutMs);
  return { http, https };
}

/** Node's agents have no deadline for the connection alone, so each new socket gets one. */
function limitConnect<A extends HttpAgent>(agent: A, ready: 'connect' | 'secureConnect', timeoutMs: number): A {
  const create = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket: Duplex | null | undefined = create(options, callback);
    if (socket) {
      const timer = setTimeout(() => socket.destroy(connectTimeout(timeoutMs)), timeoutMs);
      const stop = () => clearTimeout(timer);
      socket.once(ready, stop).once('close', stop);
      if (ready === 'secureConnect') noteBreaksWithinTls(socket);
    }
    return socket;
  };
  return agent;
}

/** Between the connection and TLS nothing of a request is sent, however it then breaks. */
function noteBreaksWithinTls(socket: Duplex): void {
  socket.once('connect', () => {
    socket.once('error', markUnready);
    socket.once('secureConnect', () => socket.removeListener('error', markUnready));
  });
}

function connectTimeout(timeoutMs: number): Error {
  return Object.assign(new Error(`no connection within ${timeoutMs / 1000} s`), { code: 'CONNECT_TIMEOUT' });
}
