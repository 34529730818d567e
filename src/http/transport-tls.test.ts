import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { expect, test } from 'vitest';
import { InternalError } from '../base/index.ts';
import { CertificateAuthority } from '../simulator/server/index.ts';
import type { CertificateFlaw } from '../simulator/server/index.ts';
import { failureOf, get, listen, serve, transportTo } from '../../test/support/transport-peers.ts';

test('a peer that accepts the connection but not TLS fails at the connect deadline, with nothing sent', async () => {
  const url = await listen(createTcpServer(), 'https');
  using transport = transportTo(url, { connectTimeoutMs: 30 });

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'connect', sent: false });
  expect(failure.reason).toContain('no connection within 0.03 s');
});

test('a connection that breaks before TLS is established fails in the phase connect, with nothing sent', async () => {
  const url = await listen(
    createTcpServer((socket) => socket.destroy()),
    'https',
  );
  using transport = transportTo(url);

  expect(await failureOf(transport.request(get()))).toMatchObject({ phase: 'connect', sent: false });
});

test('the error about a plain HTTP peer on the TLS port says so', async () => {
  const url = await serve((_request, response) => response.end('ok'));
  using transport = transportTo(url.replace('http:', 'https:'));

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'tls', sent: false });
  expect(failure.reason).toContain('TLS');
});

const authority = new CertificateAuthority();

async function serveTls(flaw: CertificateFlaw): Promise<string> {
  const { cert, key } = authority.issue(flaw);
  return await listen(
    createTlsServer({ cert, key }, (_request, response) => response.end('ok')),
    'https',
  );
}

test('a certificate of the configured authority is accepted', async () => {
  using transport = transportTo(await serveTls('none'), { tls: { ca: authority.pem } });

  expect(await transport.request(get())).toMatchObject({ status: 200, text: 'ok' });
});

test.each([
  ['expired', 'has expired'],
  ['wrong-host', 'is for another host name'],
  ['self-signed', 'is self-signed'],
] as const)('a certificate that is %s is refused before anything is sent, with advice', async (flaw, advice) => {
  using transport = transportTo(await serveTls(flaw), { tls: { ca: authority.pem } });

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'tls', sent: false });
  expect(failure.reason).toContain(advice);
});

test('a certificate of an unknown authority is refused, with the advice to configure that authority', async () => {
  using transport = transportTo(await serveTls('none'));

  const failure = await failureOf(transport.request(get()));

  expect(failure).toMatchObject({ phase: 'tls', sent: false });
  expect(failure.reason).toContain('give that CA as the CA file');
});

test.each(['expired', 'wrong-host', 'self-signed'] as const)(
  'a certificate that is %s is accepted when verification is switched off',
  async (flaw) => {
    using transport = transportTo(await serveTls(flaw), { tls: { insecure: true } });

    expect(await transport.request(get())).toMatchObject({ status: 200 });
  },
);

test.each([
  'http://other.example.com/x',
  'https://other.example.com',
  '//other.example.com/x',
  'x',
  '',
  '/a b',
  '/a/../b',
  '/a/..',
  '/a/.?b=c',
  '/a/%2e%2E/b',
  '/a\r\nX: y',
])('sends nothing to the path %j, which may reach another peer', async (path) => {
  let requests = 0;
  const url = await serve((_request, response) => {
    requests += 1;
    response.end();
  });
  using transport = transportTo(url);

  const ended = transport.request({ ...get(), path, headers: { 'X-API-Session': 'secret' } });

  await expect(ended).rejects.toBeInstanceOf(InternalError);
  expect(requests).toBe(0);
});
