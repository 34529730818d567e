import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { CertificateAuthority } from '../../src/simulator/server/index.ts';

/** What is wrong with a peer that a careful client must not speak to. */
export const peerFlaws = [
  'self-signed',
  'expired',
  'wrong-host',
  'not-yet-valid',
  'weak-key',
  'unknown-authority',
  'unknown-authority-in-chain',
  'plain-http',
  'tls-1.1',
  'redirect',
] as const;

export type PeerFlaw = (typeof peerFlaws)[number];

/** A peer with a flaw, and what reached it. */
export interface FlawedPeer extends AsyncDisposable {
  readonly port: number;
  /** Requests that it could read. */
  readonly requests: () => number;
  /** Connections that were made: that none was refused says nothing if nobody came. */
  readonly connections: () => number;
  /** What came in plain, as it came. */
  readonly inPlain: () => string;
}

/**
 * Starts a peer on a loopback port that looks like the real one up to its flaw.
 *
 * @param trusted - the authority that the client trusts
 * @param stranger - one that it does not
 */
export async function startFlawedPeer(
  flaw: PeerFlaw,
  trusted: CertificateAuthority,
  stranger: CertificateAuthority,
): Promise<FlawedPeer> {
  const seen = { requests: 0, connections: 0, plain: '' };
  const sockets = new Set<Socket>();
  const watch = (server: Server) =>
    server.on('connection', (socket: Socket) => {
      seen.connections += 1;
      sockets.add(socket);
      socket.on('error', () => undefined); // a client that hangs up is what is wanted
    });
  // Where a redirection leads: in plain, so that it could be listened to.
  const elsewhere = createTcpServer((socket) =>
    socket.on('data', (bytes) => (seen.plain += bytes.toString('latin1'))).on('error', () => undefined),
  );
  const target = await listen(elsewhere);
  const server = watch(makeServer(flaw, flaw.startsWith('unknown-authority') ? stranger : trusted, seen, target));
  return {
    port: await listen(server),
    requests: () => seen.requests,
    connections: () => seen.connections,
    inPlain: () => seen.plain,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([server, elsewhere].map((each) => new Promise((resolve) => each.close(resolve))));
    },
  };
}

const certificateFlaws = ['self-signed', 'expired', 'not-yet-valid', 'wrong-host', 'weak-key'] as const;

function makeServer(
  flaw: PeerFlaw,
  authority: CertificateAuthority,
  seen: { requests: number; plain: string },
  target: number,
): Server {
  if (flaw === 'plain-http') {
    return createHttpServer(() => (seen.requests += 1)).on('connection', (socket: Socket) =>
      socket.prependListener('data', (bytes) => (seen.plain += bytes.toString('latin1'))),
    );
  }
  const { cert, key } = authority.issue(certificateFlaws.find((each) => each === flaw) ?? 'none');
  const chain = flaw === 'unknown-authority-in-chain' ? cert + authority.pem : cert;
  // OpenSSL 3 speaks TLS 1.1, and shows a small key, only when asked for the weakest of its security levels.
  const old = flaw === 'tls-1.1' ? ({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' } as const) : {};
  const options = { cert: chain, key, ciphers: 'DEFAULT@SECLEVEL=0', ...old };
  const server = createHttpsServer(options, (request, response) => {
    seen.requests += 1;
    response.writeHead(307, { Location: `http://127.0.0.1:${target}${request.url ?? '/'}` }).end();
  });
  return server.on('tlsClientError', () => undefined);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // a TCP server that listens has one
}
