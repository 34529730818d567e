import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** The last microversion without `os-complete`, with which the attachments API is therefore incomplete. */
const NEWEST = 43;

/**
 * A proxy that presents the real Cinder as one whose newest microversion is 3.43. Changes the list of versions, and
 * refuses later ones; passes everything else unchanged.
 */
export interface OldCinder extends AsyncDisposable {
  /** Includes `/v3`. */
  readonly url: string;
  /** What was asked, in order of first use: `os-…` for actions of volumes, method and resource for the rest. */
  readonly calls: ReadonlySet<string>;
}

/** @param cinderUrl - of the real Cinder, including `/v3` */
export async function startOldCinder(cinderUrl: string): Promise<OldCinder> {
  const { hostname, port: realPort } = new URL(cinderUrl);
  const calls = new Set<string>();
  const server = createServer((incoming, outgoing) => {
    handle({ hostname, port: Number(realPort) }, calls, incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v3`,
    calls,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Peer {
  readonly hostname: string;
  readonly port: number;
}

async function handle(real: Peer, calls: Set<string>, incoming: IncomingMessage, outgoing: ServerResponse) {
  const body = await text(incoming);
  const path = incoming.url ?? '/';
  calls.add(nameOf(incoming.method ?? 'GET', path, body));
  if (askedMinor(incoming) > NEWEST) {
    refuse(outgoing);
    return;
  }
  const answer = await forward(real, incoming, body);
  const said = await text(answer);
  const { 'content-length': _, 'transfer-encoding': __, ...headers } = answer.headers;
  outgoing.writeHead(answer.statusCode ?? 502, headers);
  outgoing.end(isVersionDocument(path) ? lowerVersion(said) : said);
}

async function forward(real: Peer, incoming: IncomingMessage, body: string): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    // Omits the Host header of the client, because Cinder writes it into links.
    const { host: _, ...headers } = incoming.headers;
    const { method, url: path } = incoming;
    request({ ...real, method, path, headers }, resolve)
      .once('error', reject)
      .end(body);
  });
}

function askedMinor(incoming: IncomingMessage): number {
  const asked = /^volume 3\.(\d+)$/.exec(String(incoming.headers['openstack-api-version'] ?? ''));
  return Number(asked?.[1] ?? 0);
}

/** In Cinder's words (21.3.1). */
function refuse(outgoing: ServerResponse): void {
  const message = `Version is not supported by the API. Minimum is 3.0 and maximum is 3.${NEWEST}.`;
  outgoing.writeHead(406, { 'Content-Type': 'application/json' });
  outgoing.end(JSON.stringify({ computeFault: { code: 406, message } }));
}

function isVersionDocument(path: string): boolean {
  return /^\/(v3\/?)?$/.test(path);
}

function lowerVersion(document: string): string {
  return document.replaceAll(/"version": "3\.\d+"/g, `"version": "3.${NEWEST}"`);
}

function nameOf(method: string, path: string, body: string): string {
  const action = path.endsWith('/action') ? /^\{"([\w-]+)"/.exec(body)?.[1] : undefined;
  if (action !== undefined) return action;
  const resource = /^\/v3\/[^/]+\/(\w+)/.exec(path)?.[1];
  return `${method} ${resource ?? path}`;
}
